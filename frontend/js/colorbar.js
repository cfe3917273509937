/**
 * The colour bar of a heat map, in the page's own elements: Plotly measures the texts of its own anew whenever it draws, which takes a
 * quarter of a heat map's time. A trace that has one sets `showscale: false` and keeps its `colorbar`, with ticks, for pictures.
 */
import { el, setContents } from "./dom.js";

/** The room it takes on the right, in the text's size; its title is left out in a plot that is less than so many times as wide. */
const ROOM_EM = 7.25, LEAST_WIDTHS = 3;
/** Without the title: the strip's room, and that of a tick's character. */
const STRIP_EM = 1.6, CHARACTER_EM = 0.6;

/** @param {number} size of text @param {number} width of the plot, both in pixels */
const isTitled = (size, width) => width >= LEAST_WIDTHS * ROOM_EM * size;

/** The trace whose colours are explained by a bar of ours. @param {Record<string, any>[]} data */
export const barred = (data) => data.find((trace) => trace.colorbar && trace.showscale === false);

/** @param {Record<string, any>} trace @param {number} size of text @param {number} width of the plot, both in pixels */
function roomOf({ colorbar: { ticktext } }, size, width) {
  const longest = Math.max(...ticktext.map((/** @type {string} */ text) => text.length));
  return size * (isTitled(size, width) ? ROOM_EM : STRIP_EM + CHARACTER_EM * longest);
}

/** The margin of a plot with the bar of this trace, `sign` -1: without it again.
 * @param {Record<string, any>} trace @param {Record<string, any>} layout @param {number} width of the plot, in pixels */
export const withRoom = (trace, { margin, font }, width, sign = 1) => ({ ...margin, r: margin.r + sign * roomOf(trace, font.size, width) });

/** @param {HTMLElement} element the plot's @param {Record<string, any> | undefined} trace none: no bar
 * @param {{l: number, t: number, w: number, h: number}} area the plot's inside @param {number} size of text @param {number} width of the plot, in pixels */
export function drawColorbar(element, trace, area, size, width) {
  const there = /** @type {HTMLElement | null} */ (element.querySelector(":scope > .colorbar"));
  if (!trace) {
    there?.remove();
    return;
  }
  const bar = there ?? element.appendChild(el("div", { class: "colorbar", "aria-hidden": "true" }));
  Object.assign(bar.style, { left: `${area.l + area.w}px`, top: `${area.t}px`, height: `${area.h}px`, fontSize: `${size}px` });
  const { colorscale, zmin, zmax, colorbar: { tickvals, ticktext, title } } = trace, titled = isTitled(size, width);
  setContents(bar, [colorscale, zmin, zmax, tickvals, ticktext, title, titled], () => [
    strip(colorscale),
    ...tickvals.map((/** @type {number} */ value, /** @type {number} */ index) => tick((value - zmin) / (zmax - zmin), ticktext[index])),
    ...(titled ? [el("span", { class: "title", text: title?.text ?? "" })] : []),
  ]);
}

/** @param {[number, string][]} colorscale */
function strip(colorscale) {
  const made = el("span", { class: "strip" });
  made.style.background = `linear-gradient(to top, ${colorscale.map(([at, colour]) => `${colour} ${100 * at}%`).join(", ")})`;
  return made;
}

/** @param {number} part of the bar's height @param {string} text */
function tick(part, text) {
  const made = el("span", { class: "tick", text });
  made.style.bottom = `${100 * part}%`;
  return made;
}
