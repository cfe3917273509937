/**
 * One layer's own histogram, in its own range, with theory's density over it, and its numbers.
 * @typedef {import("../types.js").Panel} Panel
 * @typedef {import("../types.js").View} View
 * @typedef {import("../types.js").Quantity} Quantity
 */
import { total, widened } from "../binning.js";
import { integer, isEmptyRow, isFinite, nonFinite, number, percent, powerOfTen, root } from "../format.js";
import { t } from "../../i18n/index.js";
import { chosenLayer, faded, layout, line, onRows, quantityOf, theoryApplies } from "./common.js";
import { share, shareOfSizes } from "./density.js";

const DENSITY_POINTS = 121;

/** Plotly writes numbers of other sizes with a power of ten, for which fewer have room. */
const PLAIN = [1e-3, 1e4], FEW_TICKS = 4;

/** @param {number[]} x */
function roomy(x) {
  const size = Math.max(Math.abs(x[0]), Math.abs(x[x.length - 1]));
  return size >= PLAIN[0] && size < PLAIN[1] ? {} : { nticks: FEW_TICKS };
}

/** @param {View} view */
const nameOf = (view) => String(view.options["view.quantity"]);

/** The row of the layer chosen. @param {View} view */
const rowOf = (view) => view.frame.layers.indexOf(chosenLayer(view));

/** @param {View} view @returns {{quantity: Quantity, row: number, log: boolean}} */
function chosen(view) {
  return { quantity: /** @type {Quantity} */ (quantityOf(view, nameOf(view))), row: rowOf(view), log: view.options["view.axis"] === "log10" };
}

/** Bins of the row: where each begins and ends, and its share. @param {Quantity} quantity @param {number} row @param {boolean} log */
function bars(quantity, row, log) {
  const counts = log ? quantity.log10.counts[row] : quantity.linear.counts[row];
  const low = Number(log ? quantity.log10.low : quantity.linear.low[row]), high = Number(log ? quantity.log10.high : quantity.linear.high[row]);
  const all = total(quantity.linear.counts[row]) || 1;
  if (high <= low) return { x: [low], y: [1], width: Math.abs(low) * 0.02 || 0.02 };
  const width = (high - low) / counts.length;
  return { x: Array.from(counts, (_, bin) => low + (bin + 0.5) * width), y: Array.from(counts, (count) => count / all), width };
}

/** Theory's N(0, q_l) as shares of bins of the same width. @param {View} view @param {number[]} x @param {number} width @param {number} row @param {boolean} log */
function density(view, x, width, row, log) {
  const q = theoryApplies(view) && nameOf(view) === "preactivation" ? onRows(view, view.theory?.preactivation_variance)[row] : null;
  if (!isFinite(q) || q <= 0) return [];
  const reach = Math.max(Math.abs(x[0]), Math.abs(x[x.length - 1]), 3 * Math.sqrt(q)), [low, high] = log ? [x[0], x[x.length - 1]] : [-reach, reach];
  const xs = Array.from({ length: DENSITY_POINTS }, (_, index) => low + (index / (DENSITY_POINTS - 1)) * (high - low));
  const ys = xs.map((at) => (log ? shareOfSizes : share)(q, at - width / 2, at + width / 2));
  return [line(t("layer.density", { q: number(q) }), xs, ys, view.theme.ink, { dash: "dash", mode: "lines", hoverinfo: "skip" })];
}

/** @param {View} view */
function figure(view) {
  const { quantity, row, log } = chosen(view), { x, y, width } = bars(quantity, row, log);
  const measured = {
    type: "bar", name: t("layer.measured"), x, y, width, marker: { color: faded(view.theme.accent, 0.55), line: { width: 0 } },
    text: y.map(percent), textposition: "none", hovertemplate: `${log ? "10^" : ""}%{x:.3g}<br>%{text}<extra></extra>`,
  };
  const powers = [...new Set(x.map(Math.floor))].filter((_, index, list) => index % Math.ceil(list.length / 8) === 0);
  return {
    data: [measured, ...density(view, x, width, row, log)],
    layout: layout(view.theme, {
      bargap: 0, yaxis: { title: t("axis.share"), rangemode: "tozero", tickformat: "~%" },
      xaxis: { title: t("layer.axis", { quantity: t(log ? "axis.log10" : "axis.linear", { quantity: t(`quantity.${nameOf(view)}`) }), layer: view.frame.layers[row] }), showgrid: false, ...roomy(x), ...(x.length === 1 ? { range: widened(x[0], x[0]) } : {}), ...(log ? { tickvals: powers, ticktext: powers.map(powerOfTen) } : {}) },
    }),
  };
}

/** @param {View} view @returns {[string, string][]} */
function facts(view) {
  const { quantity, row } = chosen(view), known = view.layers.find((layer) => layer.row === view.frame.layers[row]);
  const share = (/** @type {number} */ count) => `${integer(count)} (${percent(count / (quantity.n[row] || 1))})`;
  return [
    [t("axis.layer_short"), `${view.frame.layers[row]}${known?.name === "output" ? ` · ${t("layer.output")}` : ""}`],
    ...(known ? /** @type {[string, string][]} */ ([[t("stat.shape"), known.output_shape.join(" × ")], [t("stat.parameters"), integer(known.parameters)]]) : []),
    [t("stat.mean"), number(quantity.mean[row], 4)], [t("stat.std"), number(quantity.std[row], 4)],
    [t("stat.rms"), number(root(quantity.mean_square[row]), 4)],
    [t("stat.min"), number(quantity.min[row], 4)], [t("stat.max"), number(quantity.max[row], 4)],
    [t("stat.zeros"), share(quantity.zeros[row])], ["NaN", share(quantity.nan[row])],
    ["+Inf", share(quantity.pos_inf[row])], ["−Inf", share(quantity.neg_inf[row])], [t("stat.n"), integer(quantity.n[row])],
  ];
}

/** @type {Panel} */
export const layer = {
  id: "layer",
  size: "wide",
  options: ["view.layer"],
  empty: (view) => {
    if (!quantityOf(view, nameOf(view))) return t("layer.no_quantity");
    const { quantity, row } = chosen(view);
    return isEmptyRow(quantity, row) ? t("mark.empty_hover", { layer: view.frame.layers[row], lost: nonFinite(quantity, row) }) : null;
  },
  figure,
  facts,
  caption: (view) => (view.options["view.layer"] === null ? t(view.touched ? "layer.choose_by_touch" : "layer.choose") : ""),
  table: (view, words) => {
    const { quantity, row, log } = chosen(view), { x, y } = bars(quantity, row, log);
    return { head: [t(log ? "layer.bin_log" : "layer.bin"), t("axis.share")], rows: x.map((at, bin) => [words.number(at, 4), words.percent(y[bin])]) };
  },
};
