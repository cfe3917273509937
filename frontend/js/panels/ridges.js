/**
 * Ridges: a layer's histogram rises to the right from its place on the axis of depth. All ridges are one trace: Plotly
 * slows with the number of traces.
 * @typedef {import("../types.js").View} View
 * @typedef {import("./heatmap.js").Shown} Shown
 */
import { isEmptyRow } from "../format.js";
import { depthAxis, faded, layout, lostMarks, unitAxis } from "./common.js";
import { valueAxis } from "./heatmap.js";

const MOST = 60, OVERLAP = 1.9;

/** At most about 60 rows, spread evenly, first and last among them. @param {number} rows */
function picked(rows) {
  const count = Math.min(rows, MOST);
  return Array.from({ length: count }, (_, index) => (count === 1 ? 0 : Math.round((index * (rows - 1)) / (count - 1))));
}

/** @param {View} view @param {Shown} shown */
export function ridges(view, { name, quantity, grid }) {
  const all = view.frame.layers, rows = picked(all.length).filter((row) => !isEmptyRow(quantity, row));
  const gap = rows.length > 1 ? (all[rows[rows.length - 1]] - all[rows[0]]) / (rows.length - 1) : 1;
  /** @type {(number | null)[]} */
  const x = [];
  /** @type {(number | null)[]} */
  const y = [];
  for (const row of rows) outline(grid, row, all[row] - 0.4 * gap, OVERLAP * gap, x, y);
  const ridge = {
    type: "scatter", mode: "lines", x, y, fill: "toself", showlegend: false, hoverinfo: "skip",
    fillcolor: faded(view.theme.accent, 0.22), line: { color: view.theme.accent, width: 1.1 },
  };
  const last = all[all.length - 1];
  return {
    data: [ridge, targets(view, grid), ...lostMarks(view, quantity, "y2")],
    layout: layout(view.theme, {
      margin: { l: 64, r: 8, t: 14, b: 42 }, uirevision: `${name} ${grid.axis.name}`,
      xaxis: depthAxis(view, { range: [all[0] - 0.6 * gap, last + (OVERLAP - 0.2) * gap] }), yaxis: valueAxis(name, grid), yaxis2: unitAxis(),
    }),
  };
}

/** One closed shape: up along the baseline, back along the shares, each ridge scaled by its own peak.
 * @param {import("../binning.js").Grid} grid @param {number} row @param {number} base @param {number} reach @param {(number | null)[]} x @param {(number | null)[]} y */
function outline(grid, row, base, reach, x, y) {
  const share = grid.shares[row], peak = Math.max(...share);
  if (!peak) return;
  const filled = [...share.keys()].filter((bin) => share[bin] > 1e-3 * peak);
  const first = Math.max(0, filled[0] - 1), last = Math.min(share.length - 1, filled[filled.length - 1] + 1);
  x.push(base); y.push(grid.centers[first]);
  for (let bin = first; bin <= last; bin += 1) { x.push(base + (reach * share[bin]) / peak); y.push(grid.centers[bin]); }
  x.push(base, base, null); y.push(grid.centers[last], grid.centers[first], null);
}

/** Points without ink that can be hovered and clicked, one a layer. @param {View} view @param {import("../binning.js").Grid} grid */
const targets = (view, grid) => ({
  type: "scatter", mode: "markers", showlegend: false, x: view.frame.layers, y: view.frame.layers.map(() => (grid.axis.low + grid.axis.high) / 2),
  marker: { size: 16, opacity: 0 }, hovertemplate: "%{x}<extra></extra>",
});
