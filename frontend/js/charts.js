/**
 * The only file that touches Plotly. A figure is drawn at most once an animation frame, and again when its element changes
 * its size. The first on the page is drawn at once, the others take turns over the next frames, so that no task is long; where the first
 * changes in every frame, each of them still has its turn. One that cannot be seen is drawn once and then waits until nothing has changed
 * for a moment: it costs nothing while frames stream in, and is never left behind.
 * @typedef {import("./types.js").Figure} Figure
 * @typedef {import("./types.js").Theme} Theme
 * @typedef {{make: () => Figure, size: {width: number, height: number}, changed: number, drawn: boolean, visible: boolean, click: ((x: number, y: number) => void) | null, bound: boolean}} Chart
 */
import { barred, drawColorbar, withRoom } from "./colorbar.js";
import { fileName, onShow } from "./files.js";
import { HEIGHT_PX, SCALE, WIDTH_PX, picture, scaled } from "./picture.js";
import { language, t } from "../i18n/index.js";

const CONFIG = { displaylogo: false, responsive: false, displayModeBar: "hover", locale: language };

/** What Plotly says itself, by its English. */
const OWN_WORDS = { "Reset axes": "chart.reset", "Double-click to zoom back out": "chart.zoom_out" };

const QUIET_MS = 1000;

/** @type {Map<HTMLElement, Chart>} */
const charts = new Map();
let scheduled = 0, quiet = 0;

const resized = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const chart = charts.get(/** @type {HTMLElement} */ (target));
    if (chart) change(chart, { size: { width: contentRect.width, height: contentRect.height } });
  }
  schedule();
});

const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const chart = charts.get(/** @type {HTMLElement} */ (target));
    if (chart) chart.visible = isIntersecting;
  }
  schedule();
}, { rootMargin: "200px" });

/** The figure is made only when it is drawn.
 * @param {HTMLElement} element @param {() => Figure} make @param {((x: number, y: number) => void) | null} [click] called with the place of what was clicked */
export function render(element, make, click = null) {
  const chart = charts.get(element) ?? register(element);
  change(chart, { make, click });
  schedule();
}

/** It is to be drawn anew: `changed` is since when, 0 where it is drawn as it is. @param {Chart} chart @param {Partial<Chart>} what */
const change = (chart, what) => Object.assign(chart, what, { changed: chart.changed || performance.now() });

/** @param {HTMLElement} element @returns {Chart} */
function register(element) {
  const { width, height } = element.getBoundingClientRect();
  const chart = { make: () => ({ data: [], layout: {} }), size: { width, height }, changed: 0, drawn: false, visible: true, click: null, bound: false };
  charts.set(element, chart);
  resized.observe(element);
  seen.observe(element);
  return chart;
}

function schedule() {
  scheduled ||= requestAnimationFrame(drawSome);
}

/** A task draws for so long; others than the first on the page are overdue after so long. */
const TASK_MS = 16, PATIENCE_MS = 200;

/** The first on the page, where it has changed, has the animation frame to itself. The others have those that it leaves, and, overdue, a task
 * of their own behind it. */
function drawSome() {
  scheduled = 0;
  const { first, others } = waiting(), now = performance.now();
  if (first) draw(...first);
  if (!first) drawOthers();
  else if (others.some(([, chart]) => now - chart.changed > PATIENCE_MS)) setTimeout(drawOthers);
  else if (others.length) schedule();
  clearTimeout(quiet);
  quiet = window.setTimeout(drawNextHidden, QUIET_MS);
}

/** As many as there is time for, one at least. */
function drawOthers() {
  const began = performance.now(), { others } = waiting();
  do { const next = others.shift(); if (next) draw(...next); } while (others.length && performance.now() - began < TASK_MS);
  if (others.length) schedule();
}

/** What has changed and is seen or was never drawn: the first on the page, and others, those first that were never drawn or have waited longest. */
function waiting() {
  const changed = [...charts].filter(([element, chart]) => chart.changed && (chart.visible || !chart.drawn) && drawable(element, chart));
  const [foremost] = charts.keys(), first = changed.find(([element]) => element === foremost);
  const others = changed.filter((one) => one !== first).sort(([, one], [, other]) => Number(one.drawn) - Number(other.drawn) || one.changed - other.changed);
  return { first, others };
}

/** One at a time, so that whoever uses the page meanwhile does not feel it. */
function drawNextHidden() {
  const waiting = [...charts].find(([element, chart]) => chart.changed && drawable(element, chart));
  if (!waiting) return;
  draw(...waiting);
  quiet = window.setTimeout(drawNextHidden);
}

/** @param {HTMLElement} element @param {Chart} chart */
const drawable = (element, { size }) => size.width >= 40 && size.height >= 40 && !element.hidden;

/** @param {HTMLElement} element @param {Chart} chart */
function draw(element, chart) {
  const { width, height } = chart.size;
  Object.assign(chart, { changed: 0, drawn: true });
  const { data, layout } = chart.make(), larger = layout.font?.size / USUAL_TEXT_PX;
  const bar = barred(data), room = bar ? { margin: withRoom(bar, layout, width) } : {};
  window.Plotly.react(element, larger > 1 ? scaled(data, larger) : data, { ...layout, ...room, ...dragged(), xaxis: fitted(layout.xaxis, width / larger), width, height }, config());
  drawColorbar(element, bar, /** @type {any} */ (element)._fullLayout._size, layout.font?.size, width);
  if (!chart.bound) bind(element, chart);
}

const USUAL_TEXT_PX = 12;

/** A mouse zooms; a finger that moves over a plot scrolls the page. */
const dragged = () => (isTouched() ? { dragmode: false } : {});
export const isTouched = () => matchMedia("(pointer: coarse)").matches;

/** A tap comes twice where nothing is dragged: by itself, and as the mouse that the browser plays for it, on the nearest whole pixel. */
const TAP_MS = 1000, TAP_PX = 2;

const TICK_PX = 48, MOST_TICKS = 10;

/** Not more ticks than a narrow plot has room for: Plotly would turn their labels.
 * @param {Record<string, any> | undefined} axis @param {number} width in pixels of the usual text */
const fitted = (axis, width) => axis && { ...axis, nticks: Math.min(axis.nticks || MOST_TICKS, Math.max(2, Math.floor(width / TICK_PX))) };

/** @param {HTMLElement} element @param {Chart} chart */
function bind(element, chart) {
  chart.bound = true;
  const plot = /** @type {any} */ (element);
  let last = { clientX: NaN, clientY: NaN, at: 0 };
  plot.on("plotly_click", (/** @type {any} */ { points: [{ x, y }], event: { clientX, clientY } }) => {
    const at = performance.now(), near = Math.hypot(clientX - last.clientX, clientY - last.clientY) < TAP_PX;
    const again = isTouched() && near && at - last.at < TAP_MS;
    last = { clientX, clientY, at };
    if (!again) chart.click?.(x, y);
  });
}

/** One object for ever: with a config that is not the one before, Plotly builds the whole plot anew. @type {Record<string, any> | null} */
let made = null;
const config = () => (made ??= makeConfig());

/** Its buttons are named one by one: among Plotly's own is one that sends the chart to a service elsewhere. */
function makeConfig() {
  const dictionary = Object.fromEntries(Object.entries(OWN_WORDS).map(([words, key]) => [words, t(key)]));
  window.Plotly.register({ moduleType: "locale", name: language, dictionary, format: {} });
  const back = isTouched() ? [] : [["resetScale2d"]]; // a finger zooms nothing
  return { ...CONFIG, modeBarButtons: [[imageButton("png"), imageButton("svg")], ...back] };
}

/** @param {"png" | "svg"} format */
function imageButton(format) {
  const { Plotly } = window;
  const click = (/** @type {any} */ plot) => {
    const card = plot.closest("[data-testid]"), panel = card.dataset.testid.replace("panel-", ""), { data, layout } = plot;
    const bar = barred(data), drawn = { data, layout: bar ? { ...layout, margin: withRoom(bar, layout, layout.width, -1) } : layout }; // as far as somebody has zoomed
    return Plotly.downloadImage(told(drawn, card.querySelector("h2").textContent), { ...imageOf(format), filename: fileName(panel) });
  };
  return { name: format, title: format.toUpperCase(), icon: format === "png" ? Plotly.Icons.camera : Plotly.Icons.disk, click };
}

/** @param {Figure} figure @param {string} title @returns {Figure} */
const told = (figure, title) => picture(figure, { title, words: onShow(), paper: readTheme().paper, ink: readTheme().ink });

/** @param {"png" | "svg"} format */
const imageOf = (format) => ({ format, scale: format === "png" ? SCALE : 1, width: WIDTH_PX, height: HEIGHT_PX });

/** A figure as a picture: of a PNG its base64, of an SVG its text. @param {Figure} figure @param {string} title @param {"png" | "svg"} format @returns {Promise<string>} */
export const image = (figure, title, format) => window.Plotly.toImage(told(figure, title), { ...imageOf(format), imageDataOnly: true });

/** The colours of the page, as the style sheet has them now. @returns {Theme} */
export function readTheme() {
  const style = getComputedStyle(document.documentElement), read = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const scale = read("--scale").split(/\s+/);
  return {
    dark: read("--dark") === "1", ink: read("--ink"), muted: read("--muted"), grid: read("--grid"), paper: read("--card"),
    accent: read("--accent"), danger: read("--danger"), font: read("--font"), size: parseFloat(style.fontSize) * 0.75,
    series: read("--series").split(/\s+/),
    scale: scale.map((colour, index) => [index / (scale.length - 1), colour]),
  };
}
