/**
 * The runs that trained networks at dots: which they are, how far each is, and the loss it reached. A link names runs and starts none:
 * a dot whose run this server does not have can be trained again.
 * @typedef {import("../types.js").RunRecord} RunRecord
 * @typedef {import("../types.js").Maybe} Maybe
 */
import * as api from "../api.js";
import { integer, number } from "../format.js";
import { t } from "../../i18n/index.js";

const LIVE = ["queued", "running"];

export class Trained {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    /** A dot's place -> the run's id. @type {Map<string, string>} */
    this.runs = new Map();
    /** @type {Map<string, {record: RunRecord, step: number, loss: Maybe}>} */
    this.known = new Map();
    this.unfollow = () => {};
  }

  /** @param {string} place */
  has(place) { return this.runs.has(place); }

  /** These runs and no others. @param {Map<string, string>} runs */
  follow(runs) {
    this.unfollow();
    this.runs = new Map(runs);
    this.known.clear();
    const stops = [...this.runs].map(([place, id]) => this.one(place, id));
    this.unfollow = () => { for (const stop of stops) stop(); };
  }

  /** @param {string} place @param {string} id */
  add(place, id) {
    const before = this.unfollow, stop = this.one(place, id);
    this.runs.set(place, id);
    this.unfollow = () => { before(); stop(); };
  }

  /** This run no longer; it goes on by itself. @param {string} place */
  drop(place) {
    if (!this.runs.has(place)) return;
    const kept = new Map(this.runs);
    kept.delete(place);
    this.follow(kept);
  }

  /** Follows one run, of whose frames the losses are enough. @param {string} place @param {string} id @returns {() => void} stops it */
  one(place, id) {
    let stopped = false, stop = () => {};
    void api.ifThere(api.getRun(id)).then((record) => {
      if (stopped) return;
      if (!record) this.forget(place);
      else {
        this.known.set(place, { record, step: 0, loss: null });
        stop = api.followTogether([id], ["update"], {
          record: (now) => this.now(place, { record: now }), frame: (_, frame) => this.now(place, { step: frame.step, loss: frame.loss }),
          gone: () => { if (!stopped) this.forget(place); this.changed(); },
        });
      }
      this.changed();
    });
    return () => { stopped = true; stop(); };
  }

  /** The server has no such run: the dot can be trained again. @param {string} place */
  forget(place) {
    this.runs.delete(place);
    this.known.delete(place);
  }

  /** @param {string} place @param {Partial<{record: RunRecord, step: number, loss: Maybe}>} news */
  now(place, news) {
    const before = this.known.get(place);
    if (!before) return;
    this.known.set(place, { ...before, ...news });
    this.changed();
  }

  /** Of a run that is over: the loss it reached, as text. @param {string} place @returns {{loss?: string}} */
  reached(place) {
    const found = this.known.get(place);
    if (!found || LIVE.includes(found.record.status) || !found.record.frames) return {};
    return { loss: found.record.status === "diverged" ? t("status.diverged") : number(found.loss) };
  }

  /** @param {string} place */
  url(place) { return this.known.get(place)?.record.url ?? ""; }

  /** @param {string} place */
  words(place) {
    const found = this.known.get(place);
    if (!found) return "";
    const { record, step, loss } = found;
    if (record.status === "finished") return t("phase.trained", { steps: integer(step), loss: number(loss) });
    return t("phase.training", { status: t(`status.${record.status}`), step: integer(step), total: integer(record.steps_total), loss: number(loss) });
  }
}
