/**
 * The server's calls. An error is one shape: Problem {status, detail, errors: [{loc, msg}]}; status 0 = no connection.
 * @typedef {import("./types.js").Catalog} Catalog
 * @typedef {import("./types.js").Preview} Preview
 * @typedef {import("./types.js").RunRecord} RunRecord
 * @typedef {import("./types.js").Frame} Frame
 * @typedef {import("./types.js").Sent} Sent
 * @typedef {import("./types.js").Theory} Theory
 * @typedef {import("./types.js").Fetching} Fetching
 * @typedef {{loc: string, msg: string}} FieldError
 * @typedef {{status: (record: RunRecord) => void, frame: (frame: Sent) => void, end: (record: RunRecord) => void,
 *            lost: () => void, back: () => void}} Listeners
 */
import { opened } from "./compact.js";
import { report } from "./report.js";
import { askForToken } from "./signin.js";
import { said, t } from "../i18n/index.js";
import { translated } from "./catalog.js";

const RETRY_MS = 2000;
/** The form of frames that is asked for; compact.js reads it. */
const FORM = "compact";

export class Problem extends Error {
  /** @param {number} status @param {string} detail @param {FieldError[]} [errors] @param {Fetching | null} [fetching] a data set that is on its way */
  constructor(status, detail, errors = [], fetching = null) {
    super(detail);
    this.status = status;
    this.detail = detail;
    this.errors = errors;
    this.fetching = fetching;
  }
}

/** @param {string} url @param {RequestInit} [init] @returns {Promise<any>} */
async function call(url, init) {
  if (report) throw new Problem(0, t("error.report"));
  const response = await fetch(url, init).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, t("error.connection"));
  });
  if (!response.ok) throw await problemOf(response);
  return response.status === 204 ? null : response.json();
}

/** @param {Response} response */
async function problemOf(response) {
  if (response.status === 401) askForToken();
  const body = await response.json().catch(() => ({}));
  const errors = (body.errors ?? []).map((/** @type {any} */ error) =>
    ({ loc: Array.isArray(error.loc) ? error.loc.join(".") : String(error.loc ?? ""), msg: String(said(error, "msg") ?? "") }));
  return new Problem(response.status, said(body, "detail") || body.title || t("error.status", { status: response.status }), errors, body.fetching ?? null);
}

/** @param {string} method @param {string} url @param {unknown} [body] @param {AbortSignal} [signal] */
const send = (method, url, body, signal) =>
  call(url, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}), signal });
/** @param {string} url @param {unknown} [body] @param {AbortSignal} [signal] */
const post = (url, body, signal) => send("POST", url, body, signal);

/** @returns {Promise<Catalog>} */
export const getCatalog = async () => translated(report?.catalog ?? await call("/api/catalog"));

/** What the server says of its API: an OpenAPI document. @returns {Promise<Record<string, any>>} */
export const getDescription = () => call("/openapi.json");

/** @param {unknown} config @param {AbortSignal} [signal] @returns {Promise<Preview>} */
export async function preview(config, signal) {
  const answer = await post(`/api/preview?form=${FORM}`, config, signal);
  return { ...answer, frame: opened(answer.frame) };
}

/** Theory for the batch that a frame measured. @param {unknown} config @param {Frame["input"]} input @returns {Promise<Theory>} */
export function theory(config, input) {
  if (report) return Promise.resolve(report.theory);
  const known = Object.entries({ input_mean_square: input.mean_square, input_correlation: input.correlation,
    input_pixel_correlation: input.pixel_correlation, input_pixel_correlation_across: input.pixel_correlation_across,
    input_receptive_mean_square: input.receptive_mean_square, input_participation_ratio: input.participation_ratio,
    input_receptive_spread: input.receptive_spread, input_receptive_correlation: input.receptive_correlation,
    input_receptive_third_moment: input.receptive_third_moment, input_receptive_mean_share: input.receptive_mean_share })
    .filter(([, value]) => value !== null && value !== undefined).map(([key, value]) => [key, String(value)]);
  return post(`/api/theory?${new URLSearchParams(known)}`, config);
}

/** Starts a run, or finds the one that this configuration has had; one that was given up is run anew.
 * @param {unknown} config @param {boolean} [fresh] @returns {Promise<RunRecord>} */
export async function createRun(config, fresh = false) {
  const record = await post(`/api/runs${fresh ? "?fresh=true" : ""}`, config);
  const givenUp = record.status === "cancelled" || record.status === "failed";
  return givenUp && !fresh ? createRun(config, true) : record;
}

/** The same network with several seeds, its own and those after it. @param {unknown} config @param {number} count @returns {Promise<{runs: RunRecord[]}>} */
export const runOverSeeds = (config, count) => post(`/api/runs/over-seeds?count=${count}`, config);

/** @param {string} id @returns {Promise<RunRecord>} */
export const getRun = async (id) => report?.run ?? call(`/api/runs/${encodeURIComponent(id)}`);

/** A page of runs, newest first. @param {{limit?: number, search?: string, status?: string, cursor?: string}} wanted
 * @returns {Promise<{runs: RunRecord[], next_cursor: string | null, storage: import("./types.js").Storage | null}>} */
export const listRuns = (wanted) => call(`/api/runs?${new URLSearchParams(Object.entries(wanted).filter(([, value]) => value).map(([key, value]) => [key, String(value)]))}`);

/** @param {string} id @param {string | null} title @returns {Promise<RunRecord>} */
export const renameRun = (id, title) => send("PATCH", `/api/runs/${encodeURIComponent(id)}`, { title });

/** A pinned run stays when the store is full. @param {string} id @param {boolean} pinned @returns {Promise<RunRecord>} */
export const pinRun = (id, pinned) => send("PATCH", `/api/runs/${encodeURIComponent(id)}`, { pinned });

/** `keepalive` lets it go out even while the page closes. @param {string} id @returns {Promise<null>} */
export const deleteRun = (id) => call(`/api/runs/${encodeURIComponent(id)}`, { method: "DELETE", keepalive: true });

/** The last frame of a run, with one quantity; null where there is none. @param {RunRecord} run @param {string} quantity @returns {Promise<Frame | null>} */
export async function lastFrame(run, quantity) {
  const frame = await frameAfter(run.id, run.frames - 2, `&quantities=${quantity}`);
  return frame && opened(frame);
}

/** One frame of a run as it comes; null where there is none. @param {string} id @param {number} seq @param {string[]} [quantities] those wanted; all
 * @returns {Promise<Sent | null>} */
export const getFrame = (id, seq, quantities = []) => frameAfter(id, seq - 1, quantities.length ? `&quantities=${quantities.join(",")}` : "");

/** @param {string} id @param {number} after @param {string} [more] @returns {Promise<Sent | null>} */
async function frameAfter(id, after, more = "") {
  return (await call(`/api/runs/${encodeURIComponent(id)}/frames?form=${FORM}&after=${after}&limit=1${more}`)).frames[0] ?? null;
}

/** @param {string} id @returns {Promise<RunRecord>} */
export const cancelRun = (id) => post(`/api/runs/${encodeURIComponent(id)}/cancel`);

/** Trained weights that a network can start from, newest first. @returns {Promise<{source: string, bytes: number}[]>} */
export const listWeights = async () => (await call("/api/weights")).weights;
/** @param {Blob} file @returns {Promise<{source: string}>} */
export const uploadWeights = (file) => call("/api/weights", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });

/** A map of networks, measured. @param {unknown} config @returns {Promise<RunRecord>} */
export const createSweep = (config) => post("/api/sweeps", config);
/** The same map in theory. @param {unknown} config @returns {Promise<import("./phase/figure.js").PhaseMap>} */
export const sweepTheory = (config) => post("/api/sweeps/theory", config);
/** @param {string} id @returns {Promise<RunRecord>} */
export const cancelSweep = (id) => post(`/api/sweeps/${encodeURIComponent(id)}/cancel`);

/** Follows a run until its end; the returned function stops it. The browser resumes after Last-Event-ID by itself; where it
 * gives up (the server answered with an error) we begin again after the last frame seen.
 * @param {string} id @param {Listeners} listeners @returns {() => void} */
export const follow = (id, listeners) => (report ? replay(report, listeners)
  : following((after) => `/api/runs/${encodeURIComponent(id)}/events?form=${FORM}&after=${after}`, "frame", listeners));

/** The same of a map, whose rows come as a run's frames do. @param {string} id @param {Listeners} listeners @returns {() => void} */
export const followSweep = (id, listeners) =>
  following((after) => `/api/sweeps/${encodeURIComponent(id)}/events?after=${after}`, "row", listeners);

/** @param {(after: number) => string} url @param {string} item @param {Listeners} listeners */
function following(url, item, listeners) {
  let last = -1;
  return keepOpen(() => url(last), (source) => {
    source.addEventListener("open", () => listeners.back());
    source.addEventListener("status", (event) => listeners.status(read(event)));
    source.addEventListener(item, (event) => { const found = read(event); last = found.seq; listeners.frame(found); });
    source.addEventListener("end", (event) => { source.close(); listeners.end(read(event)); });
  }, listeners.lost);
}

/** Follows several runs over one connection, of which browsers hold only six open. @param {string[]} ids @param {string[]} quantities
 * @param {{record: (record: RunRecord) => void, frame: (id: string, frame: Sent) => void, lost: () => void, back: () => void}} listeners @returns {() => void} */
export function followTogether(ids, quantities, listeners) {
  const places = new Map(ids.map((id) => [id, -1])), live = new Set(ids);
  const url = () => `/api/events?${new URLSearchParams({ runs: ids.join(","), after: [...places.values()].join(","), quantities: quantities.join(","), form: FORM })}`;
  return keepOpen(url, (source) => {
    source.addEventListener("open", () => listeners.back());
    for (const id of ids) {
      source.addEventListener(`status:${id}`, (event) => listeners.record(read(event)));
      source.addEventListener(`frame:${id}`, (event) => { const frame = read(event); places.set(id, frame.seq); listeners.frame(id, frame); });
      source.addEventListener(`end:${id}`, (event) => {
        live.delete(id);
        if (!live.size) source.close();
        listeners.record(read(event));
      });
    }
  }, listeners.lost);
}

/** @param {Event} event */
const read = (event) => JSON.parse(/** @type {MessageEvent<string>} */ (event).data);

/** A stream that begins again where the browser gives it up. @param {() => string} url @param {(source: EventSource) => void} listen @param {() => void} lost
 * @returns {() => void} stops it */
function keepOpen(url, listen, lost) {
  let timer = 0, stopped = false;
  /** @type {EventSource} */
  let source;
  const open = () => {
    source = new EventSource(url());
    listen(source);
    source.addEventListener("error", () => {
      if (stopped) return;
      lost();
      if (source.readyState === EventSource.CLOSED) timer = window.setTimeout(open, RETRY_MS);
    });
  };
  open();
  return () => { stopped = true; window.clearTimeout(timer); source.close(); };
}

/** What a report holds, as if it were streamed. @param {import("./report.js").Report} held @param {Listeners} listeners */
function replay(held, listeners) {
  const timer = window.setTimeout(() => { held.frames.forEach(listeners.frame); listeners.end(held.run); });
  return () => window.clearTimeout(timer);
}

