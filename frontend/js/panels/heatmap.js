/**
 * The heat map: x = layer, y = value, colour = share of the layer's values in the bin.
 * @typedef {import("../types.js").View} View
 * @typedef {import("../types.js").Quantity} Quantity
 * @typedef {import("../types.js").Figure} Figure
 * @typedef {import("../binning.js").Grid} Grid
 * @typedef {{name: string, quantity: Quantity, grid: Grid}} Shown
 */
import { backward } from "../binning.js";
import { isEmptyRow, isFinite, nonFinite, number, percent, root } from "../format.js";
import { valueTicks } from "../ticks.js";
import { t } from "../../i18n/index.js";
import { chosenLayer, depthAxis, halo, layout, line, lostMarks, unitAxis } from "./common.js";

const TYPICAL_TIMES = 3;

/** Around the lines, so little that a layer whose values are all alike, one bin high, is still seen beside it. */
const HALO_PX = 1.2;

/** @param {View} view @param {Shown} shown @returns {Figure} */
export function heatmap(view, { name, quantity, grid }) {
  const data = [cells(view.frame.layers, grid, view.theme, topShare(grid)), ...empties(view, quantity, grid), ...overlay(view, quantity, grid), ...lostMarks(view, quantity, "y2")];
  return {
    data,
    layout: layout(view.theme, {
      margin: { l: 64, r: 8, t: 14, b: 42 }, uirevision: `${name} ${grid.axis.name}`,
      xaxis: depthAxis(view), yaxis: valueAxis(name, grid), yaxis2: unitAxis(), shapes: selection(view), barmode: "overlay", bargap: 0,
    }),
  };
}

/** @param {string} name @param {Grid} grid */
export const valueAxis = (name, grid) => ({
  title: t(`axis.${grid.axis.name}`, { quantity: t(`quantity.${name}`) }),
  range: [grid.axis.low, grid.axis.high], showgrid: false, ...valueTicks(grid.axis),
});

/** Colours run with the square root of the share, so that tails are seen: the scale's steps are set at squares. Plotly then
 * knows the share itself, and no text a cell is needed for the hover, which would take longer than the drawing.
 * @param {number[]} layers @param {Grid} grid @param {import("../types.js").Theme} theme @param {number} top share at the scale's end */
export function cells(layers, grid, theme, top) {
  const z = columnsOf(grid);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => part * top);
  return {
    type: "heatmap", name: "", ...evenly(layers), y: grid.centers, z, zmin: 0, zmax: top, zsmooth: false,
    colorscale: rooted(theme.scale), hoverongaps: false, showscale: false,
    hovertemplate: `${t("axis.layer_short")} %{x:.0f}<br>≈ %{y}<br>%{z:.2%}<extra></extra>`,
    colorbar: {
      title: { text: t("axis.share"), side: "right" }, thickness: 10, outlinewidth: 0, xpad: 6, len: 1, ypad: 0,
      tickvals: ticks, ticktext: ticks.map((share, index) => (index === ticks.length - 1 && top < 1 ? "≥ " : "") + percent(share)),
    },
  };
}

/** Where some layers are left out the others stand evenly, as they are chosen: cells of one width are drawn as the pixels of a picture,
 * which takes a third of the time. @param {number[]} layers */
function evenly(layers) {
  const [first] = layers, last = layers[layers.length - 1];
  return last - first < layers.length ? { x: layers } : { x0: first, dx: (last - first) / (layers.length - 1) };
}

/** Bin by bin the shares of all rows. (`Float64Array.from` with a function takes as long as Plotly does for the cells.) @param {Grid} grid */
function columnsOf({ centers, shares }) {
  return Array.from(centers, (_, bin) => {
    const column = new Float64Array(shares.length);
    for (let row = 0; row < shares.length; row += 1) column[row] = shares[row][bin];
    return column;
  });
}

const FINE = 24;

/** The scale's colours at the squares of their places, in steps fine enough that straight lines between them do.
 * @param {[number, string][]} scale @returns {[number, string][]} */
function rooted(scale) {
  return Array.from({ length: FINE + 1 }, (_, index) => {
    const place = (index / FINE) * (scale.length - 1), from = Math.min(Math.floor(place), scale.length - 2);
    return [(index / FINE) ** 2, mixed(scale[from][1], scale[from + 1][1], place - from)];
  });
}

/** @param {string} a @param {string} b both "#rrggbb" @param {number} part */
function mixed(a, b, part) {
  const at = (/** @type {string} */ colour, /** @type {number} */ place) => parseInt(colour.slice(place, place + 2), 16);
  return `rgb(${[1, 3, 5].map((place) => Math.round(at(a, place) + part * (at(b, place) - at(a, place)))).join(",")})`;
}

/** The largest share the colours tell apart: some times the typical layer's peak, so that one spike does not dim all others. @param {Grid} grid */
export function topShare(grid) {
  const peaks = grid.shares.map((share) => Math.max(...share)).filter((peak) => peak > 0).sort((a, b) => a - b);
  if (!peaks.length) return 1;
  const top = Math.min(peaks[peaks.length - 1], TYPICAL_TIMES * peaks[Math.floor(peaks.length / 2)]);
  return Number(top.toPrecision(2));
}

/** Layers without any finite value, if there are some: hatched over the whole height. @param {Pick<View, "frame" | "theme">} view @param {Quantity} quantity @param {Grid} grid */
export function empties(view, quantity, grid) {
  const rows = view.frame.layers.map((_, row) => row).filter((row) => isEmptyRow(quantity, row));
  return !rows.length ? [] : [{
    type: "bar", name: t("mark.empty"), x: rows.map((row) => view.frame.layers[row]),
    base: grid.axis.low, y: rows.map(() => grid.axis.high - grid.axis.low), width: 1,
    text: rows.map((row) => t("mark.empty_hover", { layer: view.frame.layers[row], lost: nonFinite(quantity, row) })),
    textposition: "none", hovertemplate: "%{text}<extra></extra>",
    marker: { color: "rgba(0,0,0,0)", line: { width: 0 }, pattern: { shape: "/", fgcolor: view.theme.danger, bgcolor: view.theme.paper, size: 7, solidity: 0.18 } },
  }];
}

/** Mean and spread, whose two lines are one trace with a gap, as each trace costs a millisecond; on the logarithmic axis the root mean square. @param {Pick<View, "frame" | "theme">} view @param {Quantity} quantity @param {Grid} grid */
export function overlay(view, quantity, grid) {
  const x = view.frame.layers, { axis } = grid, ink = view.theme.ink;
  const put = (/** @type {(row: number) => number | null} */ at) =>
    x.map((_, row) => { const value = at(row), y = value === null ? NaN : axis.forward(value); return isFinite(y) ? y : null; });
  const labelled = (/** @type {string} */ name, /** @type {(number | null)[]} */ y, more = {}) => line(name, y.length > x.length ? [...x, null, ...x] : x, y, ink, {
    mode: "lines", text: y.map((value) => (value === null ? "" : number(backward(axis, value)))),
    hovertemplate: `${t("axis.layer_short")} %{x}<br>${name} %{text}<extra></extra>`, ...more,
  });
  const haloed = (/** @type {Record<string, any>[]} */ ...lines) => [halo(view.theme, lines, HALO_PX), ...lines];
  if (axis.name === "log10") return haloed(labelled(t("stat.rms"), put((row) => root(quantity.mean_square[row]))));
  const off = (/** @type {number} */ sign) => put((row) => {
    const mean = quantity.mean[row], std = quantity.std[row];
    return isFinite(mean) && isFinite(std) ? mean + sign * std : null;
  });
  return haloed(
    labelled(t("stat.mean"), put((row) => quantity.mean[row])),
    labelled(t("stat.spread"), [...off(1), null, ...off(-1)], { dash: "dot", width: 1.3 }),
  );
}

/** The frame around the layer that is shown by itself. @param {View} view */
function selection(view) {
  const layer = chosenLayer(view), byHand = view.options["view.layer"] !== null;
  return [{
    type: "rect", xref: "x", yref: "paper", x0: layer - 0.5, x1: layer + 0.5, y0: 0, y1: 1,
    line: { color: view.theme.accent, width: byHand ? 2 : 1 }, fillcolor: "rgba(0,0,0,0)",
  }];
}
