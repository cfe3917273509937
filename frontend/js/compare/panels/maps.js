/**
 * Two runs' heat maps on the same axes and colours, and the difference of their shares, bin by bin.
 * @typedef {import("../../types.js").Comparison} Comparison
 * @typedef {import("../../types.js").Series} Series
 * @typedef {import("../../types.js").Frame} Frame
 * @typedef {import("../../types.js").Theme} Theme
 * @typedef {import("../../binning.js").Grid} Grid
 * @typedef {{series: Series, frame: Frame, grid: Grid}} Side
 * @typedef {{name: string, sides: Side[], layers: number[], top: number}} Pair
 */
import { BINS, flattened, gridOf, sharedAxis } from "../../binning.js";
import { number, percent } from "../../format.js";
import { depthAxis, layout, lostMarks, unitAxis } from "../../panels/common.js";
import { cells, empties, overlay, topShare, valueAxis } from "../../panels/heatmap.js";
import { t } from "../../../i18n/index.js";
import { LETTERS } from "../state.js";

const SIDES = ["view.first", "view.second"];

/** The pair is made once for a view; a view is made anew for every drawing. @type {WeakMap<Comparison, Pair | null>} */
const pairs = new WeakMap();

/** The two runs chosen, on common bins; null until both have a frame with the quantity. A group is shown by its first run.
 * @param {Comparison} view @returns {Pair | null} */
function pairOf(view) {
  if (!pairs.has(view)) pairs.set(view, makePair(view));
  return pairs.get(view) ?? null;
}

/** @param {Comparison} view @returns {Pair | null} */
function makePair(view) {
  const name = String(view.options["view.quantity"]);
  const found = SIDES.map((side) => view.series[LETTERS.indexOf(String(view.options[side]))] ?? view.series[0]).flatMap((series) => {
    const frame = series.members[0].frame, quantity = frame?.quantities[name];
    return frame && quantity ? [{ series, frame, quantity }] : [];
  });
  if (found.length < 2) return null;
  const axis = sharedAxis(found.map(({ quantity }) => quantity), /** @type {import("../../binning.js").AxisName} */ (view.options["view.axis"]));
  const sides = found.map(({ series, frame, quantity }) => ({ series, frame, grid: gridOf(quantity, axis, BINS) }));
  const layers = [...new Set(sides.flatMap(({ frame }) => frame.layers))].sort((a, b) => a - b);
  return { name, sides, layers, top: Math.min(...sides.map(({ grid }) => topShare(grid))) };
}

/** @param {Comparison} view @param {Pair} pair @param {string} whose a saved picture must say it itself */
const frameOf = (view, { name, sides, layers }, whose) => layout(view.theme, {
  margin: { l: 60, r: 8, t: 14, b: 42 }, xaxis: depthAxis({ frame: { layers } }), yaxis: ofRun(valueAxis(name, sides[0].grid), whose), yaxis2: unitAxis(), barmode: "overlay", bargap: 0,
});

/** @param {ReturnType<typeof valueAxis>} axis @param {string} whose */
const ofRun = (axis, whose) => ({ ...axis, title: `${whose}: ${axis.title}` });

/** Why there is nothing to see. @param {Comparison} view */
const empty = (view) => (pairOf(view) ? null : t(view.step === 0 && view.options["view.quantity"] === "update" ? "histograms.no_update_yet" : "compare.no_map"));

/** @param {number} side 0 or 1 @returns {import("../../types.js").Panel<Comparison>} */
export const mapPanel = (side) => ({
  id: side ? "map-second" : "map-first",
  options: side ? [SIDES[1]] : [SIDES[0], "view.quantity", "view.axis"],
  absent: side ? alone : () => false,
  empty,
  figure: (view) => {
    const pair = /** @type {Pair} */ (pairOf(view)), { frame, grid, series } = pair.sides[side], quantity = frame.quantities[pair.name], own = { frame, theme: view.theme };
    const data = [cells(frame.layers, grid, view.theme, pair.top), ...empties(own, quantity, grid), ...overlay(own, quantity, grid), ...lostMarks(own, quantity, "y2")];
    return { data, layout: frameOf(view, pair, series.letter) };
  },
  caption: (view) => captionOf(view, /** @type {Pair} */ (pairOf(view)), side),
  table: (view, words) => {
    const pair = /** @type {Pair} */ (pairOf(view)), { frame } = pair.sides[side], quantity = frame.quantities[pair.name];
    return { head: [t("axis.layer_short"), t("stat.mean"), t("stat.std"), t("stat.min"), t("stat.max")],
      rows: frame.layers.map((layer, row) => [layer, words.number(quantity.mean[row]), words.number(quantity.std[row]), words.number(quantity.min[row]), words.number(quantity.max[row])]) };
  },
});

/** One setting alone, over its seeds, has no second map. @param {Comparison} view */
const alone = ({ series }) => series.length < 2;

/** @param {Comparison} view @param {Pair} pair @param {number} side */
function captionOf(view, { name, sides }, side) {
  const { series, frame, grid } = sides[side], small = flattened(frame.quantities[name], grid);
  return [
    t("compare.map_of", { letter: series.letter, step: frame.step }),
    alone(view) ? "" : t("compare.map_both"),
    small ? t("histograms.flattened", { count: small }) : "",
    series.members.length > 1 ? t("compare.map_seed", { seed: /** @type {any} */ (series.members[0].record.config).seed }) : "",
  ].filter(Boolean).join(t("words.between"));
}

/** The difference of the shares in the layers that both have: [bin][layer]. @param {Pair} pair */
export function difference({ sides: [first, second] }) {
  const layers = first.frame.layers.filter((layer) => second.frame.layers.includes(layer));
  const rows = layers.map((layer) => [first.frame.layers.indexOf(layer), second.frame.layers.indexOf(layer)]);
  const z = Array.from(first.grid.centers, (_, bin) => Float64Array.from(rows, ([a, b]) => second.grid.shares[b][bin] - first.grid.shares[a][bin]));
  return { layers, z };
}

/** Half of the values that would have to move for one layer to become the other: 0 alike, 1 wholly apart (total variation).
 * @param {Float64Array[]} z @param {number} row */
const apart = (z, row) => z.reduce((sum, line) => sum + Math.abs(line[row]), 0) / 2;

/** @type {import("../../types.js").Panel<Comparison>} */
export const differencePanel = {
  id: "map-difference",
  absent: alone,
  empty,
  figure: (view) => {
    const pair = /** @type {Pair} */ (pairOf(view)), { layers, z } = difference(pair), [first, second] = pair.sides, { top } = pair;
    const scale = [[0, first.series.colour], [0.5, view.theme.paper], [1, second.series.colour]];
    const ticks = [-top, 0, top], more = (/** @type {Side} */ side) => t("compare.more_in", { letter: side.series.letter });
    const map = { type: "heatmap", name: "", x: layers, y: first.grid.centers, z, zmin: -top, zmax: top, colorscale: scale, zsmooth: false, showscale: false,
      hovertemplate: `${t("axis.layer_short")} %{x}<br>≈ %{y}<br>%{z:+.2%}<extra></extra>`,
      colorbar: { thickness: 10, outlinewidth: 0, xpad: 6, len: 1, ypad: 0, tickvals: ticks, ticktext: [more(first), "0", more(second)] } };
    return { data: [map], layout: frameOf(view, pair, `${second.series.letter} − ${first.series.letter}`) };
  },
  caption: (view) => {
    const pair = /** @type {Pair} */ (pairOf(view)), { layers, z } = difference(pair), [first, second] = pair.sides.map(({ series }) => series.letter);
    if (first === second) return t("compare.same_run");
    const shares = layers.map((_, row) => apart(z, row)), most = shares.indexOf(Math.max(...shares));
    if (!(shares[most] > 0)) return t("compare.alike", { first, second });
    return t("compare.apart", { first, second, layer: layers[most], share: percent(shares[most]) });
  },
  table: (view, words) => {
    const { layers, z } = difference(/** @type {Pair} */ (pairOf(view)));
    return { head: [t("axis.layer_short"), t("compare.apart_head")], rows: layers.map((layer, row) => [layer, words.percent(apart(z, row))]) };
  },
};
