/**
 * What the colours of the phase diagram say: of which number, between which ends, and their bar.
 * @typedef {import("../types.js").Theme} Theme
 * @typedef {import("../types.js").Maybe} Maybe
 * @typedef {import("./figure.js").Row} Row
 */
import { isFinite, number, powerOfTen } from "../format.js";

/** Depth scales beyond these ends share a colour. */
const SHORTEST = 1, LONGEST = 1000;
/** Who guesses among ten digits has this loss; a loss above it has the colour of a guess. */
const GUESS = Math.log(10);

/** @param {Maybe} x */
export const log = (x) => (isFinite(x) && x > 0 ? Math.log10(x) : null);
/** Depth scale of a measured factor: 1 / |ln chi|. @param {Maybe} chi */
const scaleOf = (chi) => (isFinite(chi) && chi > 0 && chi !== 1 ? 1 / Math.abs(Math.log(chi)) : null);

/** What each colour shows of a measured row, between which ends (where none are named, the most usual values'); theory has a grid of its own.
 * A low loss has the colour of a large depth scale: it is the same networks that have both.
 * @type {Record<string, {of: (row: Row) => Maybe[], title: string, ends?: [number, number], log?: true, downwards?: true}>} */
export const SHOWN = {
  theory: { of: () => [], title: "phase.scale", ends: [SHORTEST, LONGEST], log: true },
  measured: { of: (row) => row.chi.map(scaleOf), title: "phase.scale", ends: [SHORTEST, LONGEST], log: true },
  correlation: { of: (row) => row.correlation, title: "phase.correlation", ends: [0, 1] },
  variance: { of: (row) => row.q, title: "phase.variance", log: true },
  loss: { of: (row) => row.final_loss, title: "phase.loss", ends: [0, GUESS], downwards: true },
};

/** Whether there is anything to see of what the colour shows. @param {Row[]} rows @param {string} colour */
export const isShown = (rows, colour) => colour === "theory" || rows.some((row) => SHOWN[colour].of(row).some(isFinite));

/** The colours and their bar. @param {Theme} theme @param {string} title @param {typeof SHOWN[string]} shown @param {Maybe[]} values */
export function colouring(theme, title, { ends: given, log: logarithmic, downwards }, values) {
  const known = values.filter(isFinite), places = logarithmic ? decades(given?.map(Math.log10) ?? usual(known.map(log).filter(isFinite))) : evenly(given ?? [0, 1]);
  const [low, high] = [places[0], places[places.length - 1]], slack = 1e-6 * (high - low), put = (/** @type {number} */ value) => (logarithmic ? log(value) ?? -Infinity : value);
  const text = (/** @type {number} */ place, /** @type {number} */ index) => (index === 0 && known.some((value) => put(value) < low - slack) ? "≤ " : "")
    + (index === places.length - 1 && known.some((value) => put(value) > high + slack) ? "≥ " : "") + (logarithmic ? powerOfTen(place) : number(place));
  return {
    colorscale: downwards ? theme.scale.map(([at], index) => [at, theme.scale[theme.scale.length - 1 - index][1]]) : theme.scale,
    zauto: false, zmin: low, zmax: high, showscale: false,
    colorbar: { title: { text: title, side: "right" }, thickness: 12, outlinewidth: 0, ticks: "", len: 1, ypad: 0, tickvals: places, ticktext: places.map(text) },
  };
}

const MOST_STEPS = 5, USUAL_PART = 0.05;

/** Whole powers of ten from the first end to the second or just beyond. @param {number[]} ends */
function decades([low, high]) {
  const stride = Math.max(1, Math.ceil((high - low) / MOST_STEPS));
  return Array.from({ length: Math.max(1, Math.ceil((high - low) / stride)) + 1 }, (_, index) => low + index * stride);
}

/** Halves from the first end on, and the second. @param {number[]} ends */
const evenly = ([low, high]) => [...Array.from({ length: Math.ceil((high - low) / 0.5) }, (_, index) => low + index / 2), high];

/** Whole numbers around all but the lowest and the highest values: one odd row would leave one colour for all others. @param {number[]} values */
function usual(values) {
  const sorted = values.sort((a, b) => a - b), at = (/** @type {number} */ part) => sorted[Math.round(part * (sorted.length - 1))] ?? 0;
  return [Math.floor(at(USUAL_PART)), Math.ceil(at(1 - USUAL_PART))];
}
