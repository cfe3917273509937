/**
 * Numbers in words. The page's one policy for what is not finite: such a number arrives as null, is never drawn as 0 and
 * never left out in silence; it is called "not finite", and the counters say whether it was NaN, +Inf or -Inf.
 * @typedef {import("./types.js").Maybe} Maybe
 * @typedef {import("./types.js").Quantity} Quantity
 */
import { t } from "../i18n/index.js";

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** From here on thousands stand apart. */
const GROUPED = 1e4;

/** @param {unknown} x @returns {x is number} */
export const isFinite = (x) => typeof x === "number" && Number.isFinite(x);

/** A power's exponent in superscript. @param {number} exponent */
export const superscript = (exponent) =>
  [...String(exponent)].map((digit) => (digit === "-" ? "⁻" : SUPERSCRIPT[Number(digit)])).join("");

/** @param {unknown} x @param {number} [digits] significant digits */
export function number(x, digits = 3) {
  if (!isFinite(x)) return t("format.not_finite");
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e-3 && size < 1e5) return plain(x, digits);
  const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
  return `${minus(mantissa)}·10${superscript(Number(exponent))}`;
}

/** What there need not be, such as a validation loss: a dash where there is none. @param {unknown} x @param {(x: unknown) => string} words */
export const orNone = (x, words) => (x === null || x === undefined ? "–" : words(x));

/** @param {number} x @param {number} digits */
const plain = (x, digits) => minus(Math.abs(x) >= GROUPED ? integer(x) : Math.abs(x) >= 10 ** digits ? String(Math.round(x)) : String(Number(x.toPrecision(digits))));
/** @param {string} text */
const minus = (text) => text.replace("-", "−");

/** @param {number} x */
export const integer = (x) => Math.round(x).toLocaleString("en").replaceAll(",", "\u202f");

/** A share of one. @param {unknown} x */
export function percent(x) {
  if (!isFinite(x)) return t("format.not_finite");
  const value = 100 * x;
  if (value === 0 || value === 100) return `${value}\u202f%`;
  if (value > 99.9) return "> 99.9\u202f%";
  return value < 0.01 ? "< 0.01\u202f%" : `${Number(value.toPrecision(value < 10 ? 2 : 3))}\u202f%`;
}

/** How a table writes its numbers. @typedef {{number: (x: unknown, digits?: number) => string, percent: (x: unknown) => string, integer: (x: number) => string}} Words */

/** To be read by people. @type {Words} */
export const READABLE = { number, percent, integer };

/** So many digits tell any two numbers of float32 apart, which is what frames come in (compact.js). */
const FLOAT32_DIGITS = 9;

/** To be read by programs: no digit left out, a share of one instead of percent, nothing where a number is not finite or not known.
 * @param {unknown} x */
const exact = (x) => (isFinite(x) ? String(Number(x.toPrecision(FLOAT32_DIGITS))) : "");
/** @type {Words} */
export const EXACT = { number: exact, percent: exact, integer: exact };

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 1) return "< 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** A record's time, as ISO text or as seconds since 1970, in milliseconds; NaN where there is none. @param {unknown} time */
export const milliseconds = (time) => (typeof time === "number" ? 1000 * time : Date.parse(String(time ?? "")));

/** A power of ten as a tick. @param {number} exponent */
export const powerOfTen = (exponent) => (exponent === 0 ? "1" : exponent === 1 ? "10" : `10${superscript(exponent)}`);

/** What of a row is not finite, e.g. "12 % +Inf, 3 % NaN"; "" where all is finite. @param {Quantity} quantity @param {number} row */
export function nonFinite(quantity, row) {
  const total = quantity.n[row] || 1;
  return /** @type {[string, number][]} */ ([["NaN", quantity.nan[row]], ["+Inf", quantity.pos_inf[row]], ["−Inf", quantity.neg_inf[row]]])
    .filter(([, count]) => count > 0)
    .map(([word, count]) => `${percent(count / total)} ${word}`)
    .join(", ");
}

/** @param {Quantity} quantity @param {number} row */
export const finiteCount = (quantity, row) =>
  quantity.n[row] - quantity.nan[row] - quantity.pos_inf[row] - quantity.neg_inf[row];

/** Whether a row has nothing finite to draw. @param {Quantity} quantity @param {number} row */
export const isEmptyRow = (quantity, row) => finiteCount(quantity, row) <= 0 || quantity.linear.low[row] === null;

/** For a logarithmic axis: only what is positive can be drawn there. @param {Maybe | undefined} x */
export const positive = (x) => (isFinite(x) && x > 0 ? x : null);

/** Root of a mean square. @param {Maybe | undefined} x */
export const root = (x) => (isFinite(x) ? Math.sqrt(x) : null);
