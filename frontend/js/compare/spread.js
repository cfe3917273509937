/**
 * Several runs as one line: the mean over them, and the band from the lowest to the highest.
 * @typedef {import("../types.js").Maybe} Maybe
 * @typedef {{x: number[], mean: Maybe[], low: Maybe[], high: Maybe[], count: number}} Spread
 */
import { isFinite } from "../format.js";

/** Where a run has no point, or one that is not finite, there is no mean either: a mean of fewer runs would jump.
 * @param {{x: ArrayLike<number>, y: ArrayLike<Maybe>}[]} lines each of one run @returns {Spread} */
export function spread(lines) {
  const tables = lines.map(({ x, y }) => new Map(Array.from(x, (at, index) => [at, y[index] ?? null])));
  const x = [...tables[0].keys()].filter((at) => tables.every((table) => table.has(at)));
  const columns = x.map((at) => tables.map((table) => table.get(at) ?? null));
  const over = (/** @type {(values: number[]) => number} */ f) =>
    columns.map((values) => (values.every(isFinite) ? f(/** @type {number[]} */ (values)) : null));
  return {
    x, count: lines.length, mean: over((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    low: over((values) => Math.min(...values)), high: over((values) => Math.max(...values)),
  };
}
