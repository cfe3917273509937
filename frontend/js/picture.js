/**
 * A chart as a picture for slides and papers: of one size whatever the window's, with text that is read from the last row of a room and in
 * a column of a paper, a title that says of which network it is, a legend, and Plotly's own colour bar. In the page, legend, title
 * and colour bar stand outside the plot.
 * @typedef {import("./types.js").Figure} Figure
 */
import { barred } from "./colorbar.js";

/** The picture's size and its text's, in pixels before it is scaled. */
export const WIDTH_PX = 800, HEIGHT_PX = 450, TEXT_PX = 16;
/** Pixels of a PNG for each of these. */
export const SCALE = 3;

/** What a character is wide and a line is high, and the mark before a legend's entry wide, in the text's size. */
const CHARACTER_EM = 0.55, LINE_EM = 1.5, MARK_EM = 3.5;
/** The title, the gap that Plotly leaves under it, and one above. */
const TITLE_LINES = 2.5;

/** @param {Figure} figure @param {{title: string, words: string[], paper: string, ink: string}} told `words`: what it is of, part by part */
export function picture({ data, layout }, { title, words, paper, ink }) {
  const factor = TEXT_PX / layout.font.size, bar = barred(data), lines = wrapped(words.map(plain));
  const sides = Object.fromEntries(Object.entries(layout.margin).map(([side, length]) => [side, length * factor])), above = linesAbove(layout) * LINE_EM * TEXT_PX;
  const top = (TITLE_LINES + lines.length + legendLines(data)) * LINE_EM * TEXT_PX + above, inside = HEIGHT_PX - top - sides.b;
  return {
    data: scaled(data.map((trace) => ({ ...trace, showlegend: isNamed(trace), ...(trace === bar && { showscale: true }) })), factor),
    layout: {
      ...layout, width: WIDTH_PX, height: HEIGHT_PX, autosize: false, paper_bgcolor: paper, font: { ...layout.font, size: TEXT_PX },
      title: { text: plain(title), font: { size: TEXT_PX, color: ink, weight: "bold" }, subtitle: { text: lines.join("<br>"), font: { size: TEXT_PX, weight: "normal" } }, x: 0, xanchor: "left", y: 1, yanchor: "top", pad: { t: TEXT_PX / 2, l: TEXT_PX } },
      showlegend: true, legend: { orientation: "h", x: 0, y: 1 + above / inside, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" },
      margin: { ...sides, t: top },
    },
  };
}

/** Lines and marks grow with the text. @param {Record<string, any>[]} data @param {number} factor */
export const scaled = (data, factor) => data.map((trace) => ({
  ...trace,
  ...(trace.line && { line: { ...trace.line, width: (trace.line.width ?? 2) * factor } }),
  ...(trace.marker?.size && { marker: { ...trace.marker, size: trace.marker.size * factor } }),
  ...(trace.colorbar && { colorbar: { ...trace.colorbar, thickness: trace.colorbar.thickness * factor } }),
}));

/** Plotly has a name of its own for a trace without one. @param {Record<string, any>} trace */
const isNamed = ({ name, showlegend, type }) => Boolean(name) && showlegend !== false && type !== "heatmap";

/** What a panel writes above its plot. @param {Record<string, any>} layout */
const linesAbove = ({ annotations }) => Number((annotations ?? []).some((/** @type {any} */ { yref, y, yanchor }) => yref === "paper" && y >= 1 && yanchor === "bottom"));

/** Plotly takes its own tags for what they mean. @param {string} text */
const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Parts beside each other, as many as a line has room for. @param {string[]} parts */
function wrapped(parts) {
  const room = WIDTH_PX / TEXT_PX / CHARACTER_EM - 6;
  /** @type {string[]} */
  const lines = [];
  for (const part of parts) {
    const last = lines.at(-1), joined = last === undefined ? part : `${last}, ${part}`;
    if (last === undefined || joined.length > room) lines.push(part);
    else lines[lines.length - 1] = joined;
  }
  return lines;
}

/** How many lines the legend takes. @param {Record<string, any>[]} data */
function legendLines(data) {
  const widths = data.filter(isNamed).map(({ name }) => TEXT_PX * (MARK_EM + CHARACTER_EM * name.length));
  return Math.ceil(widths.reduce((sum, width) => sum + width, 0) / (0.8 * WIDTH_PX));
}
