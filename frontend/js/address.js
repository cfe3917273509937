/**
 * The address bar. Browsers allow only so many changes a second, so while a control is dragged the address follows a
 * moment later; what is pending is written before anything else is.
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Catalog} Catalog
 */
import { QUERY } from "./embed.js";
import { report } from "./report.js";
import { serialise, serialiseView } from "./state.js";

const PAUSE_MS = 200;
let timer = 0, pending = "", dragging = false;

/** The run that the address names, or null. */
export const runInAddress = () => report?.run.id ?? /^\/runs\/([^/]+)\/?$/.exec(location.pathname)?.[1] ?? null;

/** @param {State} state @param {Catalog} catalog @param {State} options */
export const configUrl = (state, catalog, options) => withHash("/", serialise(state, catalog, options));
/** @param {string} id @param {State} options */
export const runUrl = (id, options) => withHash(`/runs/${encodeURIComponent(id)}`, serialiseView(options));
/** @param {string} path @param {string} hash */
const withHash = (path, hash) => (hash ? `${report ? "" : flagged(path)}#${hash}` : report ? "#" : flagged(path));
/** @param {string} path a page within another one stays one */
const flagged = (path) => (path.includes("?") ? path : path + QUERY);

/** @param {string} url a new entry in the history */
export function push(url) {
  flush();
  if (url !== location.pathname + location.search + location.hash) history.pushState(null, "", url);
}

/** @param {string} url soon, over the entry on show */
export function replaceSoon(url) {
  pending = url;
  timer ||= window.setTimeout(flush, PAUSE_MS);
}

/** A control moved: the first move of a drag makes the entry, the others write over it.
 * @param {string} url @param {boolean} committed whether the drag is over */
export function moved(url, committed) {
  if (dragging) replaceSoon(url);
  else push(url);
  dragging = !committed;
}

export function flush() {
  window.clearTimeout(timer);
  timer = 0;
  if (pending) history.replaceState(null, "", pending);
  pending = "";
}

/** Back or forward: what was pending belongs to another entry. */
export function drop() {
  window.clearTimeout(timer);
  timer = 0;
  pending = "";
  dragging = false;
}
