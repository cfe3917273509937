/**
 * The legend as a list in the page: it wraps, scales and reads like text, which Plotly's own does not.
 * @typedef {import("./types.js").Figure} Figure
 */
import { el, setContents } from "./dom.js";

/** One entry for each trace that has a name and something to show; a line that is alone needs none, but one over a heat map does. @param {HTMLElement} list @param {Figure} figure */
export function showLegend(list, { data }) {
  const named = data.filter((trace) => trace.name && trace.showlegend !== false && trace.x?.length);
  const over = data.some(({ type }) => type === "heatmap");
  const entries = named.length > (over ? 0 : 1) ? named.map((trace) => ({ name: trace.name, shape: shapeOf(trace), colour: colourOf(trace) })) : [];
  setContents(list, entries, () => entries.map(({ name, shape, colour }) => el("li", {}, swatch(shape, colour), name)));
}

/** @param {string} shape @param {string} colour */
function swatch(shape, colour) {
  const mark = el("span", { class: `swatch ${shape}`, "aria-hidden": "true" });
  mark.style.color = colour;
  return mark;
}

/** @param {Record<string, any>} trace */
const colourOf = (trace) => (trace.fill === "toself" ? trace.fillcolor : (trace.meta?.colour ?? trace.marker?.pattern?.fgcolor ?? trace.line?.color ?? trace.marker?.color));

/** @param {Record<string, any>} trace */
function shapeOf(trace) {
  if (trace.type === "bar") return trace.marker.pattern ? "hatch" : "block";
  if (trace.fill === "toself") return "block";
  if (trace.mode === "markers") return { star: "star", x: "cross" }[/** @type {string} */ (trace.marker.symbol)] ?? "circle";
  return trace.line.dash === "solid" ? "line" : trace.line.dash;
}
