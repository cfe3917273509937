/**
 * The phase diagram as a figure: colour over (sigma_w^2, sigma_b^2), the critical line, the outline of what is trainable at
 * this depth, the dots, and a star for the network from which one came. Pure: what is known -> figure.
 * @typedef {import("../types.js").Theme} Theme
 * @typedef {import("../types.js").Maybe} Maybe
 * @typedef {{sigma_w2: Maybe[], sigma_b2: Maybe[]}} Line
 * @typedef {{sigma_w2: number[], sigma_b2: number[], chi: Maybe[][], q: Maybe[][], depth_scale: Maybe[][], critical_sigma_w2: Maybe[], critical_line: Line, repelling: Repelling | null, trainable: Line}} PhaseMap
 * @typedef {{sigma_w2: number, sigma_b2: number, q: number, slope: number}} Repelling
 * @typedef {{seq: number, sigma_b2: number, sigma_w2: number[], q: Maybe[], correlation: Maybe[], chi: Maybe[], loss: Maybe[], final_loss: Maybe[]}} Row
 * @typedef {{w2: number, b2: number, text: string, loss?: string}} Dot
 * @typedef {{theme: Theme, map: PhaseMap, rows: Row[], total: number, colour: string, dots: Dot[], own: Dot | null}} View
 */
import { isFinite, number } from "../format.js";
import { faded, halo, layout } from "../panels/common.js";
import { t } from "../../i18n/index.js";
import { SHOWN, colouring, isShown, log } from "./colours.js";

/** Networks deeper than about six depth scales do not train (Schoenholz et al. 2017). */
export const TRAINABLE_SCALES = 6;
/** @param {View} view */
export function figure(view) {
  const { theme, map, rows, colour } = view, shown = SHOWN[colour], title = t(shown.title), seen = isShown(rows, colour), grid = gridOf(view);
  const heat = { type: "heatmap", x: grid.x, y: grid.y, z: shown.log ? grid.values.map((row) => row.map(log)) : grid.values, customdata: grid.values,
    hovertemplate: t("phase.hover", { title }), hoverongaps: false, ...colouring(theme, title, shown, grid.values.flat()) };
  return { data: [target(map), heat, ...trainable(view), ...critical(view), gap(view, seen ? grid.values : []), marks(view), own(view)], layout: layout(theme, {
    margin: { l: 62, r: 14, t: 24, b: 48 }, ...(seen ? { plot_bgcolor: gapColour(theme) } : {}),
    xaxis: { title: t("phase.sigma_w2"), range: ends(map.sigma_w2), showgrid: false }, yaxis: { title: t("phase.sigma_b2"), range: ends(map.sigma_b2), showgrid: false },
    annotations: [...losses(view), ...phases(view)],
  }) };
}

/** What is coloured: theory's numbers, or those of the rows that are there, each as high as when all are.
 * @param {View} view @returns {{x: number[], y: number[], values: Maybe[][]}} */
export function gridOf({ map, rows, total, colour }) {
  if (colour === "theory") return { x: map.sigma_w2, y: map.sigma_b2, values: map.depth_scale.map((row, b) => row.map((value, w) => value ?? beyond(map.chi[b][w]))) };
  const x = rows[0]?.sigma_w2 ?? map.sigma_w2, [low, high] = ends(map.sigma_b2), known = new Map(rows.map((row) => [row.seq, row]));
  const values = Array.from({ length: total }, (_, seq) => { const row = known.get(seq); return row ? SHOWN[colour].of(row) : x.map(() => null); });
  return { x, y: values.map((_, seq) => low + (seq / (total - 1)) * (high - low)), values };
}

/** A click finds its place where nothing is measured too. @param {PhaseMap} map */
const target = (map) => ({ type: "heatmap", x: map.sigma_w2, y: map.sigma_b2, z: map.sigma_b2.map(() => map.sigma_w2.map(() => 0)), opacity: 0, showscale: false, hoverinfo: "none" });

/** @param {Theme} theme */
const gapColour = (theme) => faded(theme.muted, 0.35);

/** What the legend says of places without a number: a network that was trained and has no loss has diverged. @param {View} view @param {Maybe[][]} values */
const gap = ({ theme, rows, total, colour }, values) => ({
  type: "scatter", mode: "lines", fill: "toself", fillcolor: gapColour(theme), name: t(colour === "loss" && rows.length === total ? "status.diverged" : "phase.gap"), hoverinfo: "skip", line: { width: 0 },
  ...(values.some((row) => !row.every(isFinite)) ? { x: [null], y: [null] } : { x: [], y: [] }),
});

/** @param {number[]} values */
const ends = (values) => [values[0], values[values.length - 1]];

const NEAR = 1e-6;

/** chi = 1 exactly has no end: at least so many layers. @param {Maybe} chi */
const beyond = (chi) => (isFinite(chi) && Math.abs(chi - 1) < NEAR ? 1 / NEAR : null);

/** From which weights' variance on q grows without end, [sigma_w2, null]; where that depends on the biases, as with SiLU, [sigma_w2, sigma_b2]
 * of the last row and of the first. @param {PhaseMap} map @returns {[number, Maybe][]} */
export function endless(map) {
  const { q, sigma_b2 } = map, top = q.length - 1, [last, first] = [top, 0].map((row) => q[row].indexOf(null));
  const rows = [top, 0].filter((row) => q[row].includes(null));
  if (rows.length > 1 && Math.abs(last - first) <= 1) return [[endlessFrom(map, top), null]];
  return rows.map((row) => [endlessFrom(map, row), sigma_b2[row]]);
}

/** The critical line where the grid's step over it says so, else the grid's first column. @param {PhaseMap} map @param {number} row */
function endlessFrom({ q, critical_sigma_w2: critical, sigma_w2 }, row) {
  const first = q[row].indexOf(null), line = critical[row];
  return isFinite(line) && line <= sigma_w2[first] && line >= (sigma_w2[first - 1] ?? 0) ? line : sigma_w2[first];
}

/** Words on the map. @param {Theme} theme @param {string} text */
const label = (theme, text) => ({ text, showarrow: false, font: { color: theme.ink }, bgcolor: faded(theme.paper, 0.8), borderpad: 4 });

/** The names of the phases that the critical line runs between, where it leaves the map: above it, so that they cover nothing. @param {View} view */
function phases({ map }) {
  const line = map.critical_sigma_w2[map.chi.length - 1], [low, high] = ends(map.sigma_w2);
  if (!isFinite(line) || line <= low || line >= high) return [];
  return [["phase.ordered", 0, "left"], ["phase.chaotic", 1, "right"]].map(([key, x, xanchor]) => (
    { text: t(String(key)), showarrow: false, x, xanchor, xref: "paper", y: 1, yanchor: "bottom", yref: "paper", borderpad: 2 }));
}

/** Whether the critical line is the same for every bias, as ReLU's is. @param {PhaseMap} map */
export function isStraight({ critical_sigma_w2: line }) {
  const known = line.filter(isFinite);
  return known.length === line.length && Math.max(...known) - Math.min(...known) < NEAR * Math.max(...known);
}

/** Half as far again as the critical line. */
const BEYOND = 1.5;

/** Which end of the weights' axis would bring the critical line in, where all of it lies outside; null where it need not. @param {PhaseMap} map @returns {[string, number] | null} */
export function reaching({ critical_sigma_w2: line, sigma_w2 }) {
  const known = line.filter(isFinite), [low, high] = ends(sigma_w2);
  if (!known.length || known.some((at) => at > low && at < high)) return null;
  return known[0] >= high ? ["sigma_w2.high", Number((BEYOND * Math.max(...known)).toPrecision(2))] : ["sigma_w2.low", 0];
}

/** Nothing where the line has no point in the picture's plane. @param {Theme} theme @param {Line} points @param {Record<string, any>} look */
function drawn(theme, { sigma_w2: x, sigma_b2: y }, look) {
  if (!x.some(isFinite)) return [];
  const line = { type: "scatter", mode: "lines", connectgaps: false, x, y, ...look };
  return [halo(theme, [line]), line];
}

/** @param {View} view */
const critical = ({ theme, map }) => drawn(theme, map.critical_line,
  { name: t("phase.critical"), line: { color: theme.danger, width: 2.5, dash: "solid" }, hovertemplate: t("phase.critical_hover") });

/** Around where depth is at most six depth scales: shallower networks than this train. @param {View} view */
const trainable = ({ theme, map }) => drawn(theme, map.trainable,
  { name: t("phase.trainable"), line: { color: theme.ink, width: 1.8, dash: "dash" }, hoverinfo: "skip" });

/** What was trained is filled, and bears the loss reached. @param {View} view */
const marks = ({ theme, dots }) => ({
  type: "scatter", mode: "markers", name: t("phase.dots"), x: dots.map((dot) => dot.w2), y: dots.map((dot) => dot.b2), text: dots.map((dot) => dot.text),
  hovertemplate: "%{text}<extra></extra>", cliponaxis: false, meta: { colour: theme.danger },
  marker: { size: 12, color: dots.map((dot) => (dot.loss ? theme.danger : theme.paper)), line: { color: dots.map((dot) => (dot.loss ? theme.paper : theme.danger)), width: 2.5 } },
});

/** Within so much of the axis from its end words go to the left of their dot: a colour bar follows. */
const EDGE = 0.05;

/** @param {View} view */
const losses = ({ theme, map, dots }) => dots.filter((dot) => dot.loss).map((dot) => ({
  ...label(theme, dot.loss ?? ""), x: dot.w2, y: dot.b2, yshift: 18, borderpad: 2, xanchor: dot.w2 > (1 - EDGE) * ends(map.sigma_w2)[1] ? "right" : "center",
}));

/** @param {View} view */
const own = ({ theme, own: here }) => ({
  type: "scatter", mode: "markers", name: t("phase.own"), x: here ? [here.w2] : [], y: here ? [here.b2] : [], text: here ? [here.text] : [],
  hovertemplate: "%{text}<extra></extra>", cliponaxis: false, marker: { symbol: "star", size: 17, color: theme.danger, line: { color: theme.paper, width: 1.5 } },
});
