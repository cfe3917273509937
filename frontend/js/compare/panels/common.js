/**
 * What a comparison's panels share: a series as a line, with a band where it is more than one run.
 * @typedef {import("../../types.js").Series} Series
 * @typedef {import("../../types.js").Member} Member
 * @typedef {import("../../types.js").Maybe} Maybe
 */
import { band, line } from "../../panels/common.js";
import { spread } from "../spread.js";

/** @param {Series} series @param {(member: Member) => {x: ArrayLike<number>, y: ArrayLike<Maybe>}} of @param {Record<string, any>} [more] of the line */
export function seriesTraces(series, of, more = {}) {
  const lines = series.members.map(of), { letter, colour } = series;
  if (lines.length === 1) return [line(letter, lines[0].x, lines[0].y, colour, more)];
  const { x, mean, low, high } = spread(lines);
  const { xaxis, yaxis } = more;
  return [{ ...band(letter, x, low, high, colour), showlegend: false, ...(yaxis && { xaxis, yaxis }) }, line(letter, x, mean, colour, more)];
}

/** The values of some series at one place, for a table: a run's own, or mean and range. @param {Maybe[]} values @param {(value: Maybe) => string} words */
export function cell(values, words) {
  if (values.length === 1) return words(values[0]);
  const { mean, low, high } = spread(values.map((value) => ({ x: [0], y: [value] })));
  return `${words(mean[0])} (${words(low[0])} … ${words(high[0])})`;
}
