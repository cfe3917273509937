/**
 * The legend as a list in the page: it wraps, scales and reads like text, which Plotly's own does not.
 * @typedef {import("./types.js").Figure} Figure
 */
import { el } from "./dom.js";

/** One entry for each trace that has a name and something to show. @param {Figure} figure */
export function legendOf({ data }) {
  const named = data.filter((trace) => trace.name && trace.showlegend !== false && trace.x?.length);
  return named.length > 1 ? named.map((trace) => el("li", {}, swatch(trace), trace.name)) : [];
}

/** @param {Record<string, any>} trace */
function swatch(trace) {
  const mark = el("span", { class: `swatch ${shapeOf(trace)}`, "aria-hidden": "true" });
  mark.style.color = trace.fill === "toself" ? trace.fillcolor : (trace.marker?.pattern?.fgcolor ?? trace.line?.color ?? trace.marker?.color);
  return mark;
}

/** @param {Record<string, any>} trace */
function shapeOf(trace) {
  if (trace.type === "bar") return trace.marker.pattern ? "hatch" : "block";
  if (trace.fill === "toself") return "block";
  if (trace.mode === "markers") return "cross";
  return trace.line.dash === "solid" ? "line" : trace.line.dash;
}
