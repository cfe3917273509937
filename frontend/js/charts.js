/**
 * The only file that touches Plotly. A figure is drawn at most once an animation frame, and again when its element changes
 * its size. The first on the page and what was never drawn is drawn at once, the others take turns over the next frames, so that no
 * task is long. One that cannot be seen waits until nothing has changed for a moment: it costs nothing while frames stream in, and is
 * never left behind.
 * @typedef {import("./types.js").Figure} Figure
 * @typedef {import("./types.js").Theme} Theme
 * @typedef {{make: () => Figure, size: {width: number, height: number}, dirty: boolean, drawn: number, visible: boolean, click: ((x: number, y: number) => void) | null, bound: boolean}} Chart
 */
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
    if (chart) Object.assign(chart, { size: { width: contentRect.width, height: contentRect.height }, dirty: true });
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
  Object.assign(chart, { make, click, dirty: true });
  schedule();
}

/** @param {HTMLElement} element @returns {Chart} */
function register(element) {
  const { width, height } = element.getBoundingClientRect();
  const chart = { make: () => ({ data: [], layout: {} }), size: { width, height }, dirty: true, drawn: 0, visible: true, click: null, bound: false };
  charts.set(element, chart);
  resized.observe(element);
  seen.observe(element);
  return chart;
}

function schedule() {
  scheduled ||= requestAnimationFrame(drawSome);
}

const TASK_MS = 16;

/** The first on the page, if it has changed, what was never drawn, and at least one other: those first that were drawn longest ago. */
function drawSome() {
  scheduled = 0;
  const waiting = [...charts].filter(([element, chart]) => chart.dirty && chart.visible && drawable(element, chart));
  const [foremost] = charts.keys(), isFirst = (/** @type {[HTMLElement, Chart]} */ [element, { drawn }]) => element === foremost || !drawn;
  const first = waiting.filter(isFirst), others = waiting.filter((one) => !isFirst(one)).sort(([, one], [, other]) => one.drawn - other.drawn);
  const began = performance.now();
  for (const [element, chart] of first) draw(element, chart);
  do {
    const next = others.shift();
    if (next) draw(...next);
  } while (others.length && performance.now() - began < TASK_MS);
  if (others.length) schedule();
  clearTimeout(quiet);
  quiet = window.setTimeout(drawNextHidden, QUIET_MS);
}

/** One at a time, so that whoever uses the page meanwhile does not feel it. */
function drawNextHidden() {
  const waiting = [...charts].find(([element, chart]) => chart.dirty && drawable(element, chart));
  if (!waiting) return;
  draw(...waiting);
  quiet = window.setTimeout(drawNextHidden);
}

/** @param {HTMLElement} element @param {Chart} chart */
const drawable = (element, { size }) => size.width >= 40 && size.height >= 40 && !element.hidden;

/** @param {HTMLElement} element @param {Chart} chart */
function draw(element, chart) {
  const { width, height } = chart.size;
  Object.assign(chart, { dirty: false, drawn: performance.now() });
  const { data, layout } = chart.make();
  window.Plotly.react(element, scaled(data, layout.font?.size / USUAL_TEXT_PX), { ...layout, ...dragged(), xaxis: fitted(layout.xaxis, width), width, height }, config());
  if (!chart.bound) bind(element, chart);
}

const USUAL_TEXT_PX = 12;

/** Lines and marks grow with the text. @param {Record<string, any>[]} data @param {number} factor */
const scaled = (data, factor) => (factor > 1 ? data.map((trace) => ({
  ...trace,
  ...(trace.line && { line: { ...trace.line, width: (trace.line.width ?? 2) * factor } }),
  ...(trace.marker?.size && { marker: { ...trace.marker, size: trace.marker.size * factor } }),
  ...(trace.colorbar && { colorbar: { ...trace.colorbar, thickness: trace.colorbar.thickness * factor } }),
})) : data);

/** A mouse zooms; a finger that moves over a plot scrolls the page. */
const dragged = () => (isTouched() ? { dragmode: false } : {});
const isTouched = () => matchMedia("(pointer: coarse)").matches;

/** A tap comes twice where nothing is dragged: by itself, and as the mouse that the browser plays for it. */
const TAP_MS = 1000;

const TICK_PX = 48, MOST_TICKS = 10;

/** Not more ticks than a narrow plot has room for: Plotly would turn their labels. @param {Record<string, any> | undefined} axis @param {number} width */
const fitted = (axis, width) => axis && { ...axis, nticks: Math.min(axis.nticks || MOST_TICKS, Math.max(2, Math.floor(width / TICK_PX))) };

/** @param {HTMLElement} element @param {Chart} chart */
function bind(element, chart) {
  chart.bound = true;
  const plot = /** @type {any} */ (element);
  let last = { x: NaN, y: NaN, at: 0 };
  plot.on("plotly_click", (/** @type {any} */ { points: [{ x, y }] }) => {
    const at = performance.now(), again = isTouched() && x === last.x && y === last.y && at - last.at < TAP_MS;
    last = { x, y, at };
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
  return { ...CONFIG, modeBarButtons: [[imageButton("png"), imageButton("svg")], ["resetScale2d"]] };
}

/** The picture as a file, on the page's colour and with a legend: in the page the legend stands outside the plot.
 * @param {"png" | "svg"} format */
function imageButton(format) {
  const { Plotly } = window;
  const click = (/** @type {any} */ plot) => Plotly.downloadImage(
    { data: plot.data, layout: { ...plot.layout, showlegend: true, legend: { orientation: "h", y: 1, yanchor: "bottom" }, paper_bgcolor: readTheme().paper, margin: { ...plot.layout.margin, t: 60 } } },
    { format, scale: 2, width: plot.layout.width, height: plot.layout.height + 50, filename: `signal-propagation-${plot.closest("[data-testid]").dataset.testid.replace("panel-", "")}` });
  return { name: format, title: format.toUpperCase(), icon: format === "png" ? Plotly.Icons.camera : Plotly.Icons.disk, click };
}

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
