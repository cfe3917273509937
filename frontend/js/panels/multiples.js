/**
 * Small multiples: a small histogram a layer, all on the same axis of values.
 * @typedef {import("../types.js").View} View
 * @typedef {import("./heatmap.js").Shown} Shown
 */
import { backward } from "../binning.js";
import { isEmptyRow, nonFinite, number, percent } from "../format.js";
import { valueTicks } from "../ticks.js";
import { t } from "../../i18n/index.js";
import { axis, faded, layout } from "./common.js";

/** Fifty subplots take 0.3 s to draw; one heat map takes 17 ms. */
export const MULTIPLES_LIMIT = 21;
const COLUMNS = 7;

/** Why small multiples cannot be shown of a network; "" where they can. @param {number[]} layers @param {import("../types.js").Value} choice */
export const multiplesRefused = (layers, choice) =>
  (choice === "multiples" && layers.length > MULTIPLES_LIMIT ? t("option.multiples_limit", { layers: layers.length - 1 }) : "");

/** @param {View} view @param {Shown} shown */
export function multiples(view, { name, quantity, grid }) {
  const rows = view.frame.layers.length, columns = Math.min(COLUMNS, rows), lines = Math.ceil(rows / columns);
  /** @type {Record<string, any>} */
  const axes = {};
  const annotations = view.frame.layers.map((layer, row) => {
    const column = row % columns, lineNumber = Math.floor(row / columns), suffix = row ? String(row + 1) : "";
    const xs = domain(column, columns, 0.012), [top, bottom] = domain(lineNumber, lines, 0.035).map((at) => 1 - at);
    const lowest = lineNumber === lines - 1 || row + columns >= rows;
    axes[`xaxis${suffix}`] = axis(view.theme, { domain: xs, anchor: `y${suffix}`, range: [grid.axis.low, grid.axis.high], showgrid: false,
      ...(grid.axis.name === "linear" ? fewTicks(grid.axis) : valueTicks(grid.axis)), showticklabels: lowest, automargin: false,
      title: lineNumber === lines - 1 && column === Math.floor((rows - 1) % columns / 2) ? t(`axis.${grid.axis.name}`, { quantity: t(`quantity.${name}`) }) : "" });
    axes[`yaxis${suffix}`] = axis(view.theme, { domain: [bottom, top], anchor: `x${suffix}`, visible: false, rangemode: "tozero" });
    return label(view, quantity, row, layer, xs[0], top);
  });
  const data = view.frame.layers.map((layer, row) => small(view, grid, row, layer));
  const { xaxis, yaxis, ...rest } = axes;
  return { data, layout: { ...layout(view.theme, { margin: { l: 14, r: 10, t: 18, b: 48 }, annotations, ...rest }), xaxis, yaxis } };
}

/** 0 and a round number on the longer side: a small axis has no room for more. @param {{low: number, high: number}} axis */
export function fewTicks({ low, high }) {
  const longer = high >= -low ? high : low, round = Number((0.6 * longer).toPrecision(1)), inside = [0, round].filter((at) => at >= low && at <= high);
  const tickvals = inside.length > 1 ? inside : [low, high];
  return { tickvals, ticktext: tickvals.map((at) => number(at, inside.length > 1 ? 1 : 2)), tickangle: 0 };
}

/** @param {number} index @param {number} count @param {number} gap @returns {[number, number]} */
const domain = (index, count, gap) => [index / count + gap / 2, (index + 1) / count - gap / 2 - (count > 1 ? gap / 2 : 0)];

/** @param {View} view @param {import("../binning.js").Grid} grid @param {number} row @param {number} layer */
const small = (view, grid, row, layer) => ({
  type: "scatter", mode: "lines", fill: "tozeroy", x: grid.centers, y: grid.shares[row], xaxis: `x${row ? row + 1 : ""}`, yaxis: `y${row ? row + 1 : ""}`,
  line: { color: view.theme.accent, width: 1.1, shape: "hvh" }, fillcolor: faded(view.theme.accent, 0.25),
  text: Array.from(grid.centers, (y, bin) => `${Number(backward(grid.axis, y).toPrecision(3))}<br>${percent(grid.shares[row][bin])}`),
  hovertemplate: `${t("axis.layer_short")} ${layer}<br>%{text}<extra></extra>`,
});

/** @param {View} view @param {import("../types.js").Quantity} quantity @param {number} row @param {number} layer @param {number} x @param {number} y */
const label = (view, quantity, row, layer, x, y) => ({
  xref: "paper", yref: "paper", x, y, xanchor: "left", yanchor: "top", showarrow: false,
  text: isEmptyRow(quantity, row) ? t("mark.empty_hover", { layer, lost: nonFinite(quantity, row) }) : String(layer),
  font: { color: isEmptyRow(quantity, row) ? view.theme.danger : view.theme.muted },
});
