/**
 * Frames in the form that the server calls compact (server/compact.py): half the bytes of the others. Reading one makes of it
 * what everything else here knows as a frame; what is not finite is null in it.
 * @typedef {import("./types.js").Frame} Frame
 * @typedef {import("./types.js").Sent} Sent
 * @typedef {import("./types.js").Quantity} Quantity
 * @typedef {import("./types.js").Maybe} Maybe
 */

const COLUMNS = 4, BYTES = 4, ZERO = "#".charCodeAt(0);

/** The frame in full; a report's are in full as they are. @param {Sent} frame @returns {Frame} */
export function opened(frame) {
  const quantities = Object.fromEntries(Object.entries(frame.quantities).map(([name, found]) => [name, "moments" in found ? quantityOf(found) : found]));
  return { ...frame, quantities };
}

/** Its characters, but for the few numbers that are not in text. @param {Sent} frame */
export function sizeOf({ quantities }) {
  let sum = 0;
  for (const { linear, log10, moments } of Object.values(quantities)) sum += linear.counts.length + log10.counts.length + (moments?.length ?? 0);
  return sum;
}

/** @param {any} found @returns {Quantity} */
function quantityOf({ moments, linear, log10, ...rest }) {
  const [mean, std, min, max] = columnsOf(moments), rows = mean.length;
  const squares = mean.map((value, row) => (value === null ? null : value ** 2 + /** @type {number} */ (std[row]) ** 2));
  const finite = (/** @type {number} */ row) => rest.n[row] - rest.nan[row] - rest.pos_inf[row] - rest.neg_inf[row];
  return {
    ...rest, mean, std, min, max, mean_square: squares,
    norm: squares.map((square, row) => (square === null ? null : Math.sqrt(square * finite(row)))),
    linear: { low: min, high: max, counts: countsOf(linear.counts, rows) },
    log10: { low: log10.low, high: log10.high, counts: countsOf(log10.counts, rows) },
  };
}

/** Base64 of all numbers' first bytes, then of their second ones, and so on. @param {string} text @returns {Maybe[][]} */
function columnsOf(text) {
  const planes = atob(text), count = planes.length / BYTES, bytes = new DataView(new ArrayBuffer(planes.length));
  for (let place = 0; place < planes.length; place += 1) bytes.setUint8((place % count) * BYTES + Math.floor(place / count), planes.charCodeAt(place));
  const numbers = Array.from({ length: count }, (_, index) => bytes.getFloat32(index * BYTES, true)), rows = count / COLUMNS;
  return Array.from({ length: COLUMNS }, (_, column) => numbers.slice(column * rows, (column + 1) * rows).map((value) => (Number.isFinite(value) ? value : null)));
}

/** A character is twice the square root of a bin's count. @param {string} text @param {number} rows @returns {Float32Array[]} */
function countsOf(text, rows) {
  const counts = new Float32Array(text.length), bins = text.length / rows;
  for (let place = 0; place < counts.length; place += 1) counts[place] = ((text.charCodeAt(place) - ZERO) / 2) ** 2;
  return Array.from({ length: rows }, (_, row) => counts.subarray(row * bins, (row + 1) * bins));
}
