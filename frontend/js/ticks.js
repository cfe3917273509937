/**
 * Ticks of the axes whose coordinate is not the value: log10|x| and the signed logarithm.
 * @typedef {import("./binning.js").Axis} Axis
 */
import { powerOfTen } from "./format.js";

const ABOUT = 8;

/** @param {number} low @param {number} high @returns {number[]} whole powers, thinned to about eight */
function powers(low, high) {
  const first = Math.ceil(low), last = Math.floor(high), stride = Math.max(1, Math.ceil((last - first) / ABOUT));
  return Array.from({ length: Math.max(0, Math.floor((last - first) / stride) + 1) }, (_, index) => first + index * stride);
}

/** What Plotly needs to label a value axis; nothing for a linear one. @param {Axis} axis @returns {Record<string, any>} */
export function valueTicks(axis) {
  if (axis.name === "log10") {
    const at = powers(axis.low, axis.high);
    return { tickvals: at, ticktext: at.map(powerOfTen) };
  }
  return axis.name === "symlog" ? symlogTicks(axis) : {};
}

/** 0 and powers of ten on both sides, those that stand clear of 0. @param {Axis} axis */
function symlogTicks(axis) {
  const reach = Math.max(-axis.low, axis.high), base = Math.round(Math.log10(axis.scale));
  const sizes = powers(base, base + reach).filter((exponent) => exponent > base || reach < 1);
  const side = (/** @type {number} */ sign) => sizes
    .map((exponent) => ({ at: axis.forward(sign * 10 ** exponent), text: `${sign < 0 ? "−" : ""}${powerOfTen(exponent)}` }))
    .filter((tick) => tick.at >= axis.low && tick.at <= axis.high);
  const ticks = [...side(-1), { at: 0, text: "0" }, ...side(1)];
  return { tickvals: ticks.map((tick) => tick.at), ticktext: ticks.map((tick) => tick.text) };
}
