/**
 * The phase diagram as a figure: colour over (sigma_w^2, sigma_b^2), the critical line, the contour of what is trainable at
 * this depth, the dots, and a star for the network from which one came. Pure: what is known -> figure.
 * @typedef {import("../types.js").Theme} Theme
 * @typedef {import("../types.js").Maybe} Maybe
 * @typedef {{sigma_w2: number[], sigma_b2: number[], chi: Maybe[][], q: Maybe[][], depth_scale: Maybe[][], critical_sigma_w2: Maybe[], critical_line: {sigma_w2: Maybe[], sigma_b2: number[]}}} PhaseMap
 * @typedef {{seq: number, sigma_b2: number, sigma_w2: number[], q: Maybe[], correlation: Maybe[], chi: Maybe[], loss: Maybe[], final_loss: Maybe[]}} Row
 * @typedef {{w2: number, b2: number, text: string, loss?: string}} Dot
 * @typedef {{theme: Theme, map: PhaseMap, rows: Row[], colour: string, depth: number, dots: Dot[], own: Dot | null}} View
 */
import { isFinite, number, powerOfTen } from "../format.js";
import { layout } from "../panels/common.js";
import { t } from "../../i18n/index.js";

/** Depth scales beyond these ends, in powers of ten, share a colour. */
const SCALE_DECADES = [0, 3];
/** Networks deeper than about six depth scales do not train (Schoenholz et al. 2017). */
export const TRAINABLE_SCALES = 6;

/** @param {Maybe} x */
const log = (x) => (isFinite(x) && x > 0 ? Math.log10(x) : null);
/** Depth scale of a measured factor: 1 / |ln chi|. @param {Maybe} chi */
const scaleOf = (chi) => (isFinite(chi) && chi > 0 && chi !== 1 ? 1 / Math.abs(Math.log(chi)) : null);

/** @param {Theme} theme @param {string} title @param {[number, number] | null} range @param {boolean} logarithmic */
function colouring(theme, title, range, logarithmic) {
  const ticks = range && logarithmic ? [0, 1, 2, 3].filter((at) => at >= range[0] && at <= range[1]) : null;
  return {
    colorscale: theme.scale, ...(range ? { zauto: false, zmin: range[0], zmax: range[1] } : {}),
    colorbar: { title: { text: title, side: "right" }, thickness: 12, outlinewidth: 0, ticks: "", ...(ticks ? { tickvals: ticks, ticktext: ticks.map(powerOfTen) } : {}) },
  };
}

/** What each colour shows: of which grid, what of it, on which scale. @type {Record<string, {theory?: true, of: (row: Row) => Maybe[], title: string, range: [number, number] | null, log: boolean}>} */
const SHOWN = {
  theory: { theory: true, of: () => [], title: "phase.scale", range: [SCALE_DECADES[0], SCALE_DECADES[1]], log: true },
  measured: { of: (row) => row.chi.map((chi) => log(scaleOf(chi))), title: "phase.scale", range: [SCALE_DECADES[0], SCALE_DECADES[1]], log: true },
  correlation: { of: (row) => row.correlation, title: "phase.correlation", range: [0, 1], log: false },
  variance: { of: (row) => row.q.map(log), title: "phase.variance", range: null, log: false },
  loss: { of: (row) => row.final_loss, title: "phase.loss", range: null, log: false },
};

/** @param {View} view */
export function figure(view) {
  const { theme, map, rows, colour } = view, shown = SHOWN[colour], title = t(shown.title);
  const grid = shown.theory
    ? { x: map.sigma_w2, y: map.sigma_b2, z: map.depth_scale.map((row) => row.map((value, index) => log(value) ?? beyond(map, row, index))) }
    : { x: rows[0]?.sigma_w2 ?? map.sigma_w2, y: rows.map((row) => row.sigma_b2), z: rows.map(shown.of) };
  const heat = { type: "heatmap", ...grid, hovertemplate: t(shown.log || colour === "variance" ? "phase.hover_log" : "phase.hover", { title }), hoverongaps: false, ...colouring(theme, title, shown.range, shown.log) };
  return { data: [heat, critical(view), trainable(view), marks(view), own(view)], layout: layout(theme, {
    margin: { l: 62, r: 14, t: 12, b: 48 },
    xaxis: { title: t("phase.sigma_w2"), range: ends(map.sigma_w2), showgrid: false }, yaxis: { title: t("phase.sigma_b2"), range: ends(map.sigma_b2), showgrid: false },
    annotations: [...losses(view), ...(map.q.every((row) => row.every((value) => value !== null)) || !shown.theory ? [] : [note(theme, map)])],
  }) };
}

/** @param {number[]} values */
const ends = (values) => [values[0], values[values.length - 1]];

/** chi = 1 exactly has no end: the largest colour; no fixed point has none. @param {PhaseMap} map @param {Maybe[]} row @param {number} index */
function beyond(map, row, index) {
  const b = map.depth_scale.indexOf(row), chi = map.chi[b][index];
  return isFinite(chi) && Math.abs(chi - 1) < 1e-6 ? SCALE_DECADES[1] : null;
}

/** @param {Theme} theme @param {PhaseMap} map */
const note = (theme, map) => ({
  x: 0.98, y: 0.04, xref: "paper", yref: "paper", xanchor: "right", yanchor: "bottom", showarrow: false, align: "right",
  text: t("phase.no_fixed_point", { first: number(map.sigma_w2[map.q[map.q.length - 1].indexOf(null)] ?? NaN) }), font: { color: theme.ink }, bgcolor: theme.paper, borderpad: 4,
});

/** @param {View} view */
const critical = ({ theme, map }) => ({
  type: "scatter", mode: "lines", name: t("phase.critical"), connectgaps: false,
  x: map.critical_line.sigma_w2, y: map.critical_line.sigma_b2, line: { color: theme.danger, width: 2.5 },
  hovertemplate: t("phase.critical_hover"),
});

/** Where depth is six depth scales: shallower networks than this train. @param {View} view */
const trainable = ({ theme, map, depth }) => ({
  type: "contour", x: map.sigma_w2, y: map.sigma_b2, z: map.depth_scale.map((row) => row.map(log)), showscale: false, hoverinfo: "skip", name: t("phase.trainable"),
  contours: { coloring: "none", start: Math.log10(depth / TRAINABLE_SCALES), end: Math.log10(depth / TRAINABLE_SCALES), size: 1 },
  line: { color: theme.ink, width: 1.6, dash: "dash", smoothing: 0 },
});

/** What was trained is filled, and bears the loss reached. @param {View} view */
const marks = ({ theme, dots }) => ({
  type: "scatter", mode: "markers", name: t("phase.dots"), x: dots.map((dot) => dot.w2), y: dots.map((dot) => dot.b2), text: dots.map((dot) => dot.text),
  hovertemplate: "%{text}<extra></extra>", cliponaxis: false,
  marker: { size: 12, color: dots.map((dot) => (dot.loss ? theme.danger : theme.paper)), line: { color: dots.map((dot) => (dot.loss ? theme.paper : theme.danger)), width: 2.5 } },
});

/** @param {View} view */
const losses = ({ theme, dots }) => dots.filter((dot) => dot.loss).map((dot) => ({
  x: dot.w2, y: dot.b2, text: dot.loss, showarrow: false, yshift: 18, font: { color: theme.ink }, bgcolor: theme.paper, borderpad: 2,
}));

/** @param {View} view */
const own = ({ theme, own: here }) => ({
  type: "scatter", mode: "markers", name: t("phase.own"), x: here ? [here.w2] : [], y: here ? [here.b2] : [], text: here ? [here.text] : [],
  hovertemplate: "%{text}<extra></extra>", cliponaxis: false, marker: { symbol: "star", size: 17, color: theme.danger, line: { color: theme.paper, width: 1.5 } },
});
