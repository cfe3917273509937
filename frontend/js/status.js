/** The status line: what is on show, how far it is, how long it still takes.
 * @typedef {import("./types.js").RunRecord} RunRecord
 * @typedef {import("./types.js").Fetching} Fetching
 */
import { byId, setText } from "./dom.js";
import { duration, integer, milliseconds } from "./format.js";
import { t } from "../i18n/index.js";

export const LIVE = ["queued", "running"];

/** The answer to a cancel may come after the stream's end and know less: what has ended does not run again.
 * @param {RunRecord} record @param {RunRecord} known */
export const isOutdated = (record, known) => !LIVE.includes(known.status) && LIVE.includes(record.status);

/** A run, or a map, that the server has no longer: what came of it stays on show. @param {RunRecord} record @returns {RunRecord} */
export const deleted = (record) => ({ ...record, status: "cancelled", error: t("notice.run_gone") });

/** @param {RunRecord | null} run @param {boolean} busy @param {number} frames @param {Fetching | null} awaited the data set that a preview waits for */
export function showStatus(run, busy, frames, awaited) {
  const live = run !== null && LIVE.includes(run.status), bar = /** @type {HTMLProgressElement} */ (byId("progress"));
  const fetching = run ? run.fetching : awaited, previewing = t(busy ? "status.computing" : frames ? "status.init" : "status.nothing");
  setText(byId("status"), run ? runWords(run, frames) : [t("status.preview"), fetching ? fetchWords(fetching) : previewing].join(" · "));
  bar.hidden = !live && !fetching;
  bar.value = fetching ? fetching.done_bytes / fetching.total_bytes : run && run.steps_total ? run.steps_done / run.steps_total : 0;
  /** @type {HTMLButtonElement} */ (byId("cancel")).disabled = !live;
  /** @type {HTMLButtonElement} */ (byId("train")).disabled = live;
  document.body.dataset.status = run?.status ?? "preview";
}

/** @param {Fetching} fetching */
export const fetchWords = ({ name, done_bytes, total_bytes }) =>
  t("status.fetching", { name, percent: Math.floor((100 * done_bytes) / total_bytes), size: (total_bytes / 1e6).toFixed(1) });

/** @param {RunRecord} run @param {number} frames */
function runWords(run, frames) {
  const left = timeLeft(run), seen = Math.max(frames, run.frames ?? 0);
  return [
    t(`status.${run.status}`),
    run.status === "queued" && run.queue_position != null ? t("status.queue", { position: run.queue_position }) : "",
    run.fetching ? fetchWords(run.fetching) : "",
    t("status.step", { done: integer(run.steps_done), total: integer(run.steps_total) }),
    seen || !LIVE.includes(run.status) ? t("status.frames", { count: integer(seen) }) : t("notice.waiting"),
    left === null ? "" : t("status.left", { time: duration(left) }),
    run.status === "running" || !run.device ? "" : t("status.device", { device: run.device }),
  ].filter(Boolean).join(" · ");
}

/** Seconds still to go at the pace so far. @param {RunRecord} run */
export function timeLeft(run) {
  const began = milliseconds(run.started_at);
  if (run.status !== "running" || !run.steps_done || Number.isNaN(began)) return null;
  const gone = (Date.now() - began) / 1000;
  return gone > 0 ? (gone / run.steps_done) * (run.steps_total - run.steps_done) : null;
}
