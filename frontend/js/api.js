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
 * @typedef {{status: (record: RunRecord) => void, frame: (frame: Sent) => void, end: (record: RunRecord) => void, gone: () => void}} Listeners gone: the server has it no longer
 */
import { opened } from "./compact.js";
import { isReady, untilBack } from "./connection.js";
import { report } from "./report.js";
import { askForToken } from "./signin.js";
import { said, t } from "../i18n/index.js";
import { translated } from "./catalog.js";

/** No answer; a proxy's for a server that gives none; the server's own while it is stopped. */
const AWAY = [0, 502, 503, 504];
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
  const response = await arriving(fetch(url, init));
  if (!response.ok) throw await problemOf(response);
  return response.status === 204 ? null : arriving(response.json());
}

/** An answer, or a part of it, that may be cut off: what fetch rejects with is then a TypeError. @template T @param {Promise<T>} part @returns {Promise<T>} */
const arriving = (part) => part.catch((error) => {
  if (!(error instanceof TypeError)) throw error;
  void untilBack(0);
  throw new Problem(0, t("error.connection"));
});

/** What only asks, and changes nothing: where the server is away, it is asked again when it is back.
 * @param {string} url @param {RequestInit} [init] @returns {Promise<any>} */
async function ask(url, init) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await call(url, init);
    } catch (error) {
      if (!(error instanceof Problem) || !(await isAway(error))) throw error;
      await untilBack(tries, error.status ? error.detail : "");
    }
  }
}

/** An answer, or null where the server has no such thing. @template T @param {Promise<T>} asked @returns {Promise<T | null>} */
export const ifThere = (asked) => asked.catch((error) => {
  if (error instanceof Problem && error.status === 404) return null;
  throw error;
});

/** Whether a request ended because its signal said so. @param {unknown} error */
export const isGivenUp = (error) => error instanceof DOMException && error.name === "AbortError";

/** @param {Problem} problem */
const isAway = async ({ status, fetching }) => !report && AWAY.includes(status) && !fetching && (status === 0 || !(await isReady()));

/** @param {Response} response */
async function problemOf(response) {
  if (response.status === 401) askForToken();
  const body = await response.json().catch(() => ({}));
  const errors = (body.errors ?? []).map((/** @type {any} */ error) =>
    ({ loc: Array.isArray(error.loc) ? error.loc.join(".") : String(error.loc ?? ""), msg: String(said(error, "msg") ?? "") }));
  return new Problem(response.status, said(body, "detail") || body.title || t("error.status", { status: response.status }), errors, body.fetching ?? null);
}

/** @param {string} method @param {unknown} [body] @param {AbortSignal} [signal] */
const json = (method, body, signal) => ({ method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}), signal });
/** @param {string} url @param {unknown} [body] */
const post = (url, body) => call(url, json("POST", body));

/** @returns {Promise<Catalog>} */
export const getCatalog = async () => translated(report?.catalog ?? await ask("/api/catalog"));

/** What the server says of its API: an OpenAPI document. @returns {Promise<Record<string, any>>} */
export const getDescription = () => ask("/openapi.json");

/** A lesson's file. @param {string} url @returns {Promise<import("./types.js").Lesson>} */
export const getLesson = (url) => ask(url);

/** @param {unknown} config @param {AbortSignal} [signal] @returns {Promise<Preview>} */
export async function preview(config, signal) {
  const answer = await ask(`/api/preview?form=${FORM}`, json("POST", config, signal));
  return { ...answer, frame: opened(answer.frame) };
}

/** The same as text, with each number as it was measured. @param {unknown} config @returns {Promise<string>} */
export const previewInFull = async (config) => JSON.stringify(await ask("/api/preview", json("POST", config)));

/** Theory for the batch that a frame measured. @param {unknown} config @param {Frame["input"]} input @returns {Promise<Theory>} */
export function theory(config, input) {
  if (report) return Promise.resolve(report.theory);
  const known = Object.entries({ input_mean_square: input.mean_square, input_correlation: input.correlation,
    input_pixel_correlation: input.pixel_correlation, input_pixel_correlation_across: input.pixel_correlation_across,
    input_receptive_mean_square: input.receptive_mean_square, input_participation_ratio: input.participation_ratio,
    input_receptive_spread: input.receptive_spread, input_receptive_correlation: input.receptive_correlation,
    input_receptive_third_moment: input.receptive_third_moment, input_receptive_mean_share: input.receptive_mean_share,
    input_receptive_along_mean: input.receptive_along_mean })
    .filter(([, value]) => value !== null && value !== undefined).map(([key, value]) => [key, String(value)]);
  return ask(`/api/theory?${new URLSearchParams(known)}`, json("POST", config));
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
export const getRun = async (id) => report?.run ?? ask(`/api/runs/${encodeURIComponent(id)}`);

/** A page of runs, newest first. @param {{limit?: number, search?: string, status?: string, cursor?: string}} wanted @param {AbortSignal} [signal]
 * @returns {Promise<{runs: RunRecord[], next_cursor: string | null, storage: import("./types.js").Storage | null}>} */
export const listRuns = (wanted, signal) =>
  ask(`/api/runs?${new URLSearchParams(Object.entries(wanted).filter(([, value]) => value).map(([key, value]) => [key, String(value)]))}`, { signal });

/** @param {string} id @param {string | null} title @returns {Promise<RunRecord>} */
export const renameRun = (id, title) => call(`/api/runs/${encodeURIComponent(id)}`, json("PATCH", { title }));

/** A pinned run stays when the store is full. @param {string} id @param {boolean} pinned @returns {Promise<RunRecord>} */
export const pinRun = (id, pinned) => call(`/api/runs/${encodeURIComponent(id)}`, json("PATCH", { pinned }));

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
  return (await ask(`/api/runs/${encodeURIComponent(id)}/frames?form=${FORM}&after=${after}&limit=1${more}`)).frames[0] ?? null;
}

/** @param {string} id @returns {Promise<RunRecord>} */
export const cancelRun = (id) => post(`/api/runs/${encodeURIComponent(id)}/cancel`);

/** Trained weights that a network can start from, newest first. @returns {Promise<{source: string, bytes: number}[]>} */
export const listWeights = async () => (await ask("/api/weights")).weights;
/** @param {Blob} file @returns {Promise<{source: string}>} */
export const uploadWeights = (file) => call("/api/weights", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });

/** A map of networks, measured. @param {unknown} config @returns {Promise<RunRecord>} */
export const createSweep = (config) => post("/api/sweeps", config);
/** @param {string} id @returns {Promise<RunRecord>} */
export const getSweep = (id) => ask(`/api/sweeps/${encodeURIComponent(id)}`);
/** The same map in theory. @param {unknown} config @param {AbortSignal} signal @returns {Promise<import("./phase/figure.js").PhaseMap>} */
export const sweepTheory = (config, signal) => ask("/api/sweeps/theory", json("POST", config, signal));
/** @param {string} id @returns {Promise<RunRecord>} */
export const cancelSweep = (id) => post(`/api/sweeps/${encodeURIComponent(id)}/cancel`);

/** Follows a run until its end; the returned function stops it.
 * @param {string} id @param {Listeners} listeners @returns {() => void} */
export const follow = (id, listeners) => (report ? replay(report, listeners)
  : following((after) => `/api/runs/${encodeURIComponent(id)}/events?form=${FORM}&after=${after}`, "frame", () => getRun(id), listeners));

/** The same of a map, whose rows come as a run's frames do. @param {string} id @param {Listeners} listeners @returns {() => void} */
export const followSweep = (id, listeners) =>
  following((after) => `/api/sweeps/${encodeURIComponent(id)}/events?after=${after}`, "row", () => getSweep(id), listeners);

/** @param {(after: number) => string} url @param {string} item @param {() => Promise<unknown>} record @param {Listeners} listeners */
function following(url, item, record, listeners) {
  let last = -1;
  const left = async () => {
    const there = await isThere(record());
    if (!there) listeners.gone();
    return there;
  };
  return keepOpen(() => url(last), left, (source) => {
    source.addEventListener("status", (event) => listeners.status(read(event)));
    source.addEventListener(item, (event) => { const found = read(event); last = found.seq; listeners.frame(found); });
    source.addEventListener("end", (event) => { source.close(); listeners.end(read(event)); });
  });
}

/** Follows several runs over one connection, of which browsers hold only six open; those that are gone are left out.
 * @param {string[]} ids @param {string[]} quantities
 * @param {{record: (record: RunRecord) => void, frame: (id: string, frame: Sent) => void, gone: (id: string) => void}} listeners @returns {() => void} */
export function followTogether(ids, quantities, listeners) {
  const places = new Map(ids.map((id) => [id, -1])), live = new Set(ids);
  const url = () => `/api/events?${new URLSearchParams({ runs: [...places.keys()].join(","), after: [...places.values()].join(","), quantities: quantities.join(","), form: FORM })}`;
  const left = async () => {
    for (const id of [...places.keys()]) {
      if (await isThere(getRun(id))) continue;
      places.delete(id);
      live.delete(id);
      listeners.gone(id);
    }
    return live.size > 0;
  };
  return keepOpen(url, left, (source) => {
    for (const id of places.keys()) {
      source.addEventListener(`status:${id}`, (event) => listeners.record(read(event)));
      source.addEventListener(`frame:${id}`, (event) => { const frame = read(event); places.set(id, frame.seq); listeners.frame(id, frame); });
      source.addEventListener(`end:${id}`, (event) => {
        live.delete(id);
        if (!live.size) source.close();
        listeners.record(read(event));
      });
    }
  });
}

/** @param {Event} event */
const read = (event) => JSON.parse(/** @type {MessageEvent<string>} */ (event).data);

/** Only the server's word that there is no such thing counts as none. @param {Promise<unknown>} asked */
const isThere = (asked) => ifThere(asked).then((found) => found !== null, () => true);

/** A stream that begins again, after what it had, where it is cut off and once the server is back. (The browser would do so by itself, but
 * for good gives up one that is answered with an error.)
 * @param {() => string} url @param {() => Promise<boolean>} left asked where the server refuses: whether there is anything left to follow
 * @param {(source: EventSource) => void} listen @returns {() => void} stops it */
function keepOpen(url, left, listen) {
  let stopped = false, tries = 0;
  /** @type {EventSource} */
  let source;
  const open = () => {
    if (stopped) return;
    source = new EventSource(url());
    source.addEventListener("open", () => { tries = 0; });
    source.addEventListener("error", () => void again(source.readyState === EventSource.CLOSED));
    listen(source);
  };
  const again = async (/** @type {boolean} */ refused) => {
    source.close();
    if (refused && !(await left())) return;
    await untilBack(tries++);
    open();
  };
  open();
  return () => { stopped = true; source.close(); };
}

/** What a report holds, as if it were streamed. @param {import("./report.js").Report} held @param {Listeners} listeners */
function replay(held, listeners) {
  const timer = window.setTimeout(() => { held.frames.forEach(listeners.frame); listeners.end(held.run); });
  return () => window.clearTimeout(timer);
}

