/**
 * What the panels' figures share: the layout, the axis of depth, lines, and the marks for what is not finite.
 * @typedef {import("../types.js").View} View
 * @typedef {import("../types.js").Theme} Theme
 * @typedef {import("../types.js").Quantity} Quantity
 * @typedef {import("../types.js").Maybe} Maybe
 */
import { isFinite, nonFinite, number, powerOfTen } from "../format.js";
import { t } from "../../i18n/index.js";

/** @param {View} view @param {string} name @returns {Quantity | undefined} */
export const quantityOf = (view, name) => view.frame.quantities[name];

/** Why there is no update where one frame is all there is: more may come only while the run goes on. @param {View} view */
export const onlyStart = ({ running }) => (running ? "update.only_start" : "update.never");

/** @param {Theme} theme @param {Record<string, any>} [more] */
export function layout(theme, more = {}) {
  const { xaxis, yaxis, ...rest } = more;
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: false, dragmode: "zoom",
    font: { family: theme.font, size: theme.size, color: theme.muted },
    margin: { l: 58, r: 14, t: 10, b: 42 }, hovermode: "closest", showlegend: false,
    modebar: { bgcolor: "rgba(0,0,0,0)", color: theme.muted, activecolor: theme.accent },
    hoverlabel: { bgcolor: theme.paper, bordercolor: theme.grid, font: { color: theme.ink, family: theme.font } },
    xaxis: axis(theme, xaxis), yaxis: axis(theme, yaxis), ...rest,
  };
}

/** Labels may stand over an axis' end: to look whether they do, Plotly has the page laid out at each tick.
 * @param {Theme} theme @param {Record<string, any>} [more] @returns {Record<string, any>} */
export const axis = (theme, more = {}) => ({
  gridcolor: theme.grid, zeroline: false, linecolor: theme.grid, showline: true, ticks: "outside", ticklen: 3, tickcolor: theme.grid,
  automargin: true, exponentformat: "power", ticklabeloverflow: "allow", ...more, title: { text: more.title ?? "", standoff: 8 },
});

/** Depth, the x-axis of everything. @param {{frame: {layers: number[]}}} view @param {Record<string, any>} [more] */
export function depthAxis(view, more = {}) {
  const rows = view.frame.layers, last = rows[rows.length - 1];
  const few = rows.length <= 10 ? { dtick: 1 } : { nticks: 9 };
  return { title: t("axis.layer"), range: [rows[0] - 0.5, last + 0.5], ...few, showgrid: false, ...more };
}

const MOST_EPOCHS = 20, FEW_STEPS = 10;

/** Training steps of one epoch, where a run is given in epochs. @param {import("../types.js").RunRecord | null | undefined} run @returns {number | null} */
export function stepsOfEpoch(run) {
  const { epochs } = /** @type {any} */ (run?.config)?.training ?? {};
  return run && epochs > 0 && run.steps_total > 0 ? run.steps_total / epochs : null;
}

/** The axis of training steps, marked in epochs where a run is given in them. @param {number | null} epoch steps of one @param {number} last the last step drawn */
export function stepAxis(epoch, last) {
  if (epoch === null) return { title: t("axis.step"), rangemode: "tozero", ...(last <= FEW_STEPS ? { dtick: 1 } : {}) };
  const count = Math.max(1, Math.ceil(last / epoch)), stride = Math.ceil(count / MOST_EPOCHS);
  const marks = Array.from({ length: Math.floor(count / stride) + 1 }, (_, index) => index * stride);
  return { title: t("axis.epoch", { steps: number(epoch, 4) }), rangemode: "tozero", tickvals: marks.map((mark) => mark * epoch), ticktext: marks.map(String) };
}

const MOST_TICKS = 6;

/** What is drawn beside the values is shown as far as it lies within so many decades of them: more would flatten the values. */
const BESIDE_DECADES = 2;

/** @param {Maybe[]} values */
const logsOf = (values) => values.filter((value) => value !== null && value > 0).map((value) => Math.log10(Number(value)));

/** A logarithmic axis that shows all the values given, with powers of ten as ticks; within one decade 1, 2 and 5 too.
 * @param {string} title @param {Maybe[]} values @param {Maybe[]} [beside] what theory says of them */
export function logAxis(title, values, beside = []) {
  const own = logsOf(values), [bottom, top] = [Math.min(...own) - BESIDE_DECADES, Math.max(...own) + BESIDE_DECADES];
  const logs = [...own, ...(own.length ? logsOf(beside).map((at) => Math.max(bottom, Math.min(top, at))) : [])];
  const lowest = Math.min(...logs), highest = Math.max(...logs), pad = Math.max(0.06 * (highest - lowest), 0.12);
  const [low, high] = logs.length ? [lowest - pad, highest + pad] : [-1, 1];
  const stride = Math.max(1, Math.ceil((high - low) / MOST_TICKS)), first = Math.ceil(low / stride) * stride;
  const decades = Array.from({ length: Math.max(0, Math.floor((high - first) / stride) + 1) }, (_, index) => first + index * stride);
  const ticks = decades.length >= 3 ? decades.map((at) => ({ value: 10 ** at, text: powerOfTen(at) })) : fineTicks(low, high);
  return { title, type: "log", range: [low, high], tickvals: ticks.map(({ value }) => value), ticktext: ticks.map(({ text }) => text) };
}

const DIGITS = [[1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9]];

/** 1, 2 and 5 times powers of ten, or more digits where these are too few; else evenly spaced numbers. @param {number} low @param {number} high */
function fineTicks(low, high) {
  const decades = Array.from({ length: Math.floor(high) - Math.floor(low) + 1 }, (_, index) => Math.floor(low) + index);
  const inside = DIGITS.map((digits) => decades.flatMap((at) => digits.map((digit) => ({ value: digit * 10 ** at, text: short(digit, at) })))
    .filter(({ value }) => Math.log10(value) >= low && Math.log10(value) <= high)).find((ticks) => ticks.length >= 3);
  if (inside) return inside;
  return [0.1, 0.5, 0.9].map((part) => 10 ** (low + part * (high - low))).map((value) => ({ value, text: number(value) }));
}

/** @param {number} digit @param {number} exponent */
const short = (digit, exponent) =>
  (exponent > -4 && exponent < 5 ? String(Number((digit * 10 ** exponent).toPrecision(2))) : `${digit === 1 ? "" : `${digit}·`}${powerOfTen(exponent)}`);

/** The layer whose own histogram is shown: the one chosen, else the last hidden one. @param {View} view */
export function chosenLayer(view) {
  const { layers } = view.frame, layer = Number(view.options["view.layer"] ?? -1);
  return layers.includes(layer) ? layer : layers[Math.max(0, layers.length - 2)];
}

/** The layer nearest to a place on the axis of depth; the one chosen already is let go. @param {View} view @param {number} x */
function layerAt(view, x) {
  const { layers } = view.frame, nearest = layers.reduce((best, layer) => (Math.abs(layer - x) < Math.abs(best - x) ? layer : best), layers[0]);
  return view.options["view.layer"] === nearest ? null : nearest;
}

/** The layer before or after the one chosen. @param {View} view @param {number} by */
export function layerBeside(view, by) {
  const { layers } = view.frame, at = layers.indexOf(chosenLayer(view));
  return layers[Math.max(0, Math.min(layers.length - 1, at + by))];
}

/** A panel on which a layer is chosen. @type {import("../types.js").Selection<View>} */
export const layerSelection = { option: "view.layer", at: layerAt, beside: layerBeside };

/** Each point that is marked is an element of its own, and a third of the drawing at 50 layers.
 * @param {string} name @param {ArrayLike<number | null>} x @param {ArrayLike<number | null>} y @param {string} colour @param {Record<string, any>} [more] */
export function line(name, x, y, colour, more = {}) {
  const { dash, width, mode = x.length <= 32 && !dash ? "lines+markers" : "lines", ...rest } = more;
  return {
    type: "scatter", mode, name, x, y, connectgaps: false, ...(isLone(y) ? { mode: "lines+markers", cliponaxis: false } : {}),
    line: { color: colour, width: width ?? 1.8, dash: dash ?? "solid" }, marker: { size: 4.5, color: colour }, ...rest,
  };
}

/** One value, as the loss of a run that diverges at once, is no line: only a mark shows it. @param {ArrayLike<import("../types.js").Maybe>} values */
const isLone = (values) => Array.from(values).filter(isFinite).length === 1;

const HALO_PX = 2;

/** A line over a map is seen on all its colours by the paper's colour around it. One trace for all lines, as each takes Plotly a millisecond.
 * @param {Theme} theme @param {Record<string, any>[]} lines @param {number} [pixels] on either side */
export const halo = (theme, lines, pixels = HALO_PX) => ({
  type: "scatter", mode: "lines", name: "", showlegend: false, hoverinfo: "skip", connectgaps: false,
  x: lines.flatMap(({ x }) => [...x, null]), y: lines.flatMap(({ y }) => [...y, null]), line: haloLine(theme, Math.max(...lines.map(({ line: { width } }) => width)), pixels),
});

/** @param {Theme} theme @param {number} width of the line within it @param {number} [pixels] */
export const haloLine = (theme, width, pixels = HALO_PX) => ({ color: faded(theme.paper, 0.8), width: width + 2 * pixels, dash: "solid" });

/** A band between two lines, as one closed shape. @param {string} name @param {number[]} x @param {Maybe[]} low @param {Maybe[]} high @param {string} colour */
export function band(name, x, low, high, colour) {
  const kept = x.map((_, index) => index).filter((index) => low[index] !== null && high[index] !== null);
  return {
    type: "scatter", mode: "lines", name, fill: "toself", fillcolor: faded(colour, 0.22), line: { width: 0 }, hoverinfo: "skip",
    x: [...kept.map((index) => x[index]), ...[...kept].reverse().map((index) => x[index])],
    y: [...kept.map((index) => high[index]), ...[...kept].reverse().map((index) => low[index])],
  };
}

/** "#rrggbb" with an opacity. @param {string} colour @param {number} alpha */
export function faded(colour, alpha) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${red},${green},${blue},${alpha})`;
}

/** Layers with NaN or Inf, marked at the top edge of a plot whose y is any axis. Where there are none there is no trace: Plotly takes a
 * millisecond for one that is empty. @param {Pick<View, "frame" | "theme">} view @param {Quantity} quantity @param {string} yaxis an axis over 0..1 */
export function lostMarks(view, quantity, yaxis) {
  const rows = view.frame.layers.map((_, row) => row).filter((row) => nonFinite(quantity, row));
  return !rows.length ? [] : [{
    type: "scatter", mode: "markers", name: t("mark.lost"), yaxis, cliponaxis: false,
    x: rows.map((row) => view.frame.layers[row]), y: rows.map(() => 1),
    text: rows.map((row) => t("mark.lost_hover", { layer: view.frame.layers[row], lost: nonFinite(quantity, row) })),
    hovertemplate: "%{text}<extra></extra>",
    marker: { symbol: "x", size: 7, color: view.theme.danger, line: { width: 0 } },
  }];
}

/** The overlaying axis over 0..1 that marks are put on. */
export const unitAxis = () => ({ overlaying: "y", range: [0, 1], visible: false, fixedrange: true });

/** @param {View} view @param {[string, (row: number) => string | number][]} columns */
export const layerTable = (view, columns) => ({
  head: [t("axis.layer_short"), ...columns.map(([head]) => head)],
  rows: view.frame.layers.map((layer, row) => [layer, ...columns.map(([, cell]) => cell(row))]),
});

/** Theory's rows on the frame's rows. @param {View} view @param {Maybe[] | undefined} values @returns {Maybe[]} */
export function onRows(view, values) {
  const places = new Map((view.theory?.layers ?? view.frame.layers).map((layer, index) => [layer, index]));
  return view.frame.layers.map((layer) => values?.[places.get(layer) ?? -1] ?? null);
}

/** @param {View} view */
export const theoryApplies = (view) => Boolean(view.theory?.applies);
