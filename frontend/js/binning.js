/**
 * Histograms on one common axis. Each row of a frame has bins of its own (low..high); to stand side by side they are put
 * on common bins, by area: a bin's count is spread evenly over its width. Nothing here knows of drawing.
 * @typedef {import("./types.js").Quantity} Quantity
 * @typedef {import("./types.js").Maybe} Maybe
 * @typedef {"linear" | "symlog" | "log10"} AxisName
 * @typedef {{name: AxisName, forward: (x: number) => number, low: number, high: number, scale: number}} Axis
 * @typedef {{axis: Axis, centers: Float64Array, shares: Float64Array[], cut: Float64Array}} Grid
 */
import { isEmptyRow, isFinite } from "./format.js";

export const BINS = 96;
const WIDE_SIGMA = 3.5, NEXT_TIMES = 5, SYMLOG_DECADES = 4;

/** How much of evenly filled bins over low..high lies below x. @param {ArrayLike<number>} sums running sums, one longer than the bins
 * @param {number} low @param {number} high @param {number} x */
function massBelow(sums, low, high, x) {
  const bins = sums.length - 1;
  if (x <= low) return 0;
  if (x >= high) return sums[bins];
  const place = ((x - low) / (high - low)) * bins, whole = Math.min(Math.floor(place), bins - 1);
  return sums[whole] + (place - whole) * (sums[whole + 1] - sums[whole]);
}

/** @param {ArrayLike<number>} counts */
function runningSums(counts) {
  const sums = new Float64Array(counts.length + 1);
  for (let index = 0; index < counts.length; index += 1) sums[index + 1] = sums[index] + counts[index];
  return sums;
}

/** Counts over low..high on other edges, by area. What lies outside the edges is left out. A single value (low = high) goes
 * whole into the bin that holds it. @param {ArrayLike<number>} counts @param {number} low @param {number} high @param {ArrayLike<number>} edges */
export function rebin(counts, low, high, edges) {
  const sums = runningSums(counts), out = new Float64Array(edges.length - 1), total = sums[sums.length - 1];
  for (let index = 0; index < out.length; index += 1) {
    out[index] = low === high
      ? (holds(edges, index, low) ? total : 0)
      : massBelow(sums, low, high, edges[index + 1]) - massBelow(sums, low, high, edges[index]);
  }
  return out;
}

/** @param {ArrayLike<number>} edges @param {number} index @param {number} x the last bin holds its upper edge too */
const holds = (edges, index, x) => x >= edges[index] && (x < edges[index + 1] || (index === edges.length - 2 && x === edges[index + 1]));

/** Rows that have something finite. @param {Quantity} quantity */
const fullRows = (quantity) => quantity.n.map((_, row) => row).filter((row) => !isEmptyRow(quantity, row));

/** The range the rows need: each within 3.5 standard deviations of its mean, and the widest at most 5 times the next one, so that
 * a single layer does not flatten all others into a line. @param {Quantity} quantity @returns {[number, number]} */
export function commonRange(quantity) {
  const rows = fullRows(quantity);
  if (!rows.length) return [-1, 1];
  const spans = rows.map((row) => rowSpan(quantity, row));
  const sizes = spans.map(([low, high]) => Math.max(Math.abs(low), Math.abs(high))).sort((a, b) => b - a);
  const limit = NEXT_TIMES * (sizes[1] ?? sizes[0]);
  const low = Math.max(Math.min(...spans.map((span) => span[0])), limit > 0 ? -limit : -Infinity);
  const high = Math.min(Math.max(...spans.map((span) => span[1])), limit > 0 ? limit : Infinity);
  return widened(low, high);
}

/** @param {Quantity} quantity @param {number} row @returns {[number, number]} */
function rowSpan(quantity, row) {
  const low = /** @type {number} */ (quantity.linear.low[row]), high = quantity.linear.high[row] ?? low;
  const mean = quantity.mean[row], std = quantity.std[row];
  if (!isFinite(mean) || !isFinite(std)) return [low, high];
  return [Math.max(low, mean - WIDE_SIGMA * std), Math.min(high, mean + WIDE_SIGMA * std)];
}

/** A range of no width gets one, so that a single value is a visible bar. @param {number} low @param {number} high @returns {[number, number]} */
export function widened(low, high) {
  if (high > low) return [low - 0.02 * (high - low), high + 0.02 * (high - low)];
  const half = Math.abs(low) * 0.5 || 1;
  return [low - half, low + half];
}

/** The axis that a quantity is drawn on: its range in the axis' own coordinate, and the way there.
 * @param {Quantity} quantity @param {AxisName} name @returns {Axis} */
export function axisOf(quantity, name) {
  if (name === "log10") return logAxis(quantity);
  if (name === "symlog") return symlogAxis(quantity);
  const [low, high] = commonRange(quantity);
  return { name, forward: (x) => x, low, high, scale: 1 };
}

/** @param {Quantity} quantity @returns {Axis} */
function logAxis(quantity) {
  const low = quantity.log10.low ?? -1, high = quantity.log10.high ?? 1;
  return { name: "log10", forward: (x) => Math.log10(Math.abs(x)), low, high: high > low ? high : low + 1, scale: 1 };
}

/** sign(x) log10(1 + |x| / c): c lies some decades below the largest value, at the rows' typical size where that is nearer.
 * @param {Quantity} quantity @returns {Axis} */
function symlogAxis(quantity) {
  const rows = fullRows(quantity);
  const sizes = rows.map((row) => Math.sqrt(quantity.mean_square[row] ?? 0)).filter((size) => size > 0);
  const low = Math.min(0, ...rows.map((row) => quantity.linear.low[row] ?? 0));
  const high = Math.max(0, ...rows.map((row) => quantity.linear.high[row] ?? 0));
  const largest = Math.max(-low, high) || 1;
  const scale = 10 ** Math.floor(Math.log10(Math.max(Math.min(largest, ...sizes) / 10, largest / 10 ** (2 * SYMLOG_DECADES))));
  const forward = (/** @type {number} */ x) => Math.sign(x) * Math.log10(1 + Math.abs(x) / scale);
  const [from, to] = widened(forward(low), forward(high));
  return { name: "symlog", forward, low: from, high: to, scale };
}

/** One axis for several quantities: as wide as the widest, as fine near 0 as the finest.
 * @param {Quantity[]} quantities @param {AxisName} name @returns {Axis} */
export function sharedAxis(quantities, name) {
  const axes = quantities.map((quantity) => axisOf(quantity, name)), scale = Math.min(...axes.map((axis) => axis.scale));
  const finest = axes.find((axis) => axis.scale === scale) ?? axes[0];
  const ends = axes.flatMap((axis) => [axis.low, axis.high].map((end) => (name === "symlog" ? finest.forward(backward(axis, end)) : end)));
  return { ...finest, low: Math.min(...ends), high: Math.max(...ends) };
}

/** @param {Axis} axis @param {number} y back from the axis' coordinate to the value */
export function backward(axis, y) {
  if (axis.name === "symlog") return Math.sign(y) * axis.scale * (10 ** Math.abs(y) - 1);
  return axis.name === "log10" ? 10 ** y : y;
}

/** Every row as shares of its values on common bins: so many, or, where no number is given, the quantity's own on its own logarithmic axis.
 * @param {Quantity} quantity @param {Axis} axis @param {number} [bins] @returns {Grid} */
export function gridOf(quantity, axis, bins) {
  const own = bins === undefined && axis.name === "log10" && axis.low === quantity.log10.low && axis.high === quantity.log10.high;
  const count = (own && quantity.log10.counts[0]?.length) || (bins ?? BINS);
  const step = (axis.high - axis.low) / count;
  const places = Float64Array.from({ length: count + 1 }, (_, index) => axis.low + index * step);
  const edges = axis.name === "log10" ? places : places.map((place) => backward(axis, place));
  const shares = quantity.n.map((_, row) => sharesOf(quantity, axis, row, edges));
  return {
    axis, shares,
    centers: Float64Array.from({ length: count }, (_, index) => axis.low + (index + 0.5) * step),
    cut: Float64Array.from(shares, (share, row) => (isEmptyRow(quantity, row) ? 0 : Math.max(0, 1 - total(share)))),
  };
}

/** How many rows a linear axis cannot tell from 0: their root mean square is below one bin's width, and is not 0.
 * @param {Quantity} quantity @param {Grid} grid */
export function flattened(quantity, { axis, centers }) {
  if (axis.name !== "linear") return 0;
  const width = (axis.high - axis.low) / centers.length;
  const sizes = fullRows(quantity).map((row) => Math.sqrt(quantity.mean_square[row] ?? NaN));
  return sizes.filter((size) => size > 0 && size < width).length;
}

/** @param {Quantity} quantity @param {Axis} axis @param {number} row @param {Float64Array} edges in values; on the log10 axis in exponents */
function sharesOf(quantity, axis, row, edges) {
  const all = total(quantity.linear.counts[row]);
  if (isEmptyRow(quantity, row) || !all) return new Float64Array(edges.length - 1);
  const { linear, log10 } = quantity;
  const counts = axis.name === "log10" ? rebin(log10.counts[row], log10.low ?? -1, log10.high ?? 1, edges)
    : rebin(linear.counts[row], /** @type {number} */ (linear.low[row]), linear.high[row] ?? 0, edges);
  return counts.map((count) => count / all);
}

/** @param {ArrayLike<number>} counts */
export function total(counts) {
  let sum = 0;
  for (let index = 0; index < counts.length; index += 1) sum += counts[index];
  return sum;
}
