/**
 * The list of runs: narrowed by words and choices, page by page; two to six of them are put beside each other.
 * @typedef {import("../types.js").RunRecord} RunRecord
 * @typedef {import("./state.js").Filters} Filters
 */
import * as api from "../api.js";
import { readTheme } from "../charts.js";
import { MOST, compareUrl } from "../compare/state.js";
import { byId, el, setText } from "../dom.js";
import { titleOf } from "../menus.js";
import { TOAST_MS, notice, toast } from "../notices.js";
import { LIVE } from "../status.js";
import { drawThumbnail } from "../thumbnail.js";
import { addressed, named, t } from "../../i18n/index.js";
import { RunRow } from "./row.js";
import { serialiseFilters, wantedOf } from "./state.js";

const PAGE = 30, PAUSE_MS = 200, LOOK_MS = 2000, PICTURED = "activation";
const WARN_FULL = 0.8;

/** Said before anything is removed. @param {import("../types.js").Storage | null} storage */
function tellStorage(storage) {
  const full = storage?.full ?? 0;
  notice("storage", full >= WARN_FULL ? t("runs.filling", { percent: Math.min(100, Math.round(100 * full)) }) : "");
}

export class RunsPage {
  /** @param {Filters} filters */
  constructor(filters) {
    this.filters = filters;
    /** @type {Map<string, RunRow>} */
    this.rows = new Map();
    /** In the order in which they were ticked, which is the order beside each other. @type {string[]} */
    this.ticked = [];
    /** @type {string | null} */
    this.cursor = null;
    /** Gives up what is asked for when something newer is. */
    this.asking = new AbortController();
    this.timer = 0;
    /** The deletion that can still be undone. @type {{id: string, timer: number} | null} */
    this.going = null;
    this.scale = readTheme().scale;
    this.seen = new IntersectionObserver((entries) => entries.filter(({ isIntersecting }) => isIntersecting).forEach(({ target }) => this.picture(target)), { rootMargin: "200px" });
    void this.look();
  }

  // ---- the list ---------------------------------------------------------------------------------------------------

  /** @param {Partial<Filters>} change */
  narrow(change) {
    this.filters = { ...this.filters, ...change };
    this.keep(named);
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.load(), PAUSE_MS);
  }

  /** The address says what is on show. @param {string | null} language */
  keep(language) {
    history.replaceState(null, "", `#${addressed(serialiseFilters(this.filters), language)}`);
  }

  /** From the beginning, or the page after the last one. @param {boolean} [more] */
  async load(more = false) {
    this.asking.abort();
    this.asking = new AbortController();
    const { signal } = this.asking, wanted = { ...wantedOf(this.filters), limit: PAGE, cursor: more ? this.cursor ?? "" : "" };
    const answer = await this.attempt(() => api.listRuns(wanted, signal));
    if (!answer || signal.aborted) return;
    if (!more) this.clear();
    this.cursor = answer.next_cursor;
    for (const run of answer.runs) this.add(run);
    tellStorage(answer.storage);
    byId("more").hidden = this.cursor === null;
    this.show();
    document.body.dataset.ready = "true";
  }

  clear() {
    this.rows.clear();
    this.seen.disconnect();
    byId("runs").replaceChildren();
  }

  /** @param {RunRecord} run */
  add(run) {
    if (run.id === this.going?.id) return;
    const row = new RunRow(run, { tick: (id, ticked) => this.tick(id, ticked), rename: (id, title) => this.rename(id, title),
      pin: (id, pinned) => void this.pin(id, pinned), remove: (id) => this.remove(id) });
    this.rows.set(run.id, row);
    byId("runs").append(row.element);
    this.seen.observe(row.element);
  }

  show() {
    const full = this.ticked.length >= MOST, none = byId("none");
    for (const [id, row] of this.rows) row.show(row.run, this.ticked.includes(id), full);
    none.hidden = this.rows.size > 0;
    setText(none, t(serialiseFilters(this.filters) ? "runs.no_match" : "runs.none"));
    byId("compare").toggleAttribute("disabled", this.ticked.length < 2);
    byId("unchoose").hidden = !this.ticked.length;
    setText(byId("status"), this.ticked.length ? t(full ? "runs.full" : "runs.ticked", { count: this.ticked.length, most: MOST }) : t("runs.choose", { most: MOST }));
    document.body.dataset.count = String(this.rows.size);
  }

  /** What is under way is looked at again, while somebody looks. */
  async look() {
    const live = document.hidden ? [] : [...this.rows.values()].filter(({ run }) => LIVE.includes(run.status));
    for (const row of live) {
      const run = await api.getRun(row.run.id).catch(() => null);
      if (!run) continue;
      row.run = run;
      if (!LIVE.includes(run.status)) this.picture(row.element);
      this.show();
    }
    window.setTimeout(() => void this.look(), LOOK_MS);
  }

  /** The last frame as a picture, once the row is near the window. @param {Element} element */
  picture(element) {
    this.seen.unobserve(element);
    const row = [...this.rows.values()].find((one) => one.element === element);
    if (!row?.run.frames) return;
    void api.lastFrame(row.run, PICTURED).then((frame) => { if (frame?.quantities[PICTURED]) drawThumbnail(row.picture, frame, PICTURED, this.scale); })
      .catch((error) => { if (!(error instanceof api.Problem)) throw error; });
  }

  recolour() {
    this.scale = readTheme().scale;
    for (const { element } of this.rows.values()) this.seen.observe(element);
  }

  // ---- what somebody does -----------------------------------------------------------------------------------------

  /** @param {string} id @param {boolean} ticked */
  tick(id, ticked) {
    this.ticked = ticked ? [...this.ticked, id].slice(0, MOST) : this.ticked.filter((one) => one !== id);
    this.show();
  }

  unchoose() {
    this.ticked = [];
    this.show();
  }

  compare() {
    this.settle();
    location.assign(compareUrl(this.ticked.map((id) => [id])));
  }

  /** @param {string} id @param {string} title @returns {Promise<boolean>} whether it is kept */
  async rename(id, title) {
    const run = await this.attempt(() => api.renameRun(id, title.trim() || null)), row = this.rows.get(id);
    if (run && row) row.run = run;
    this.show();
    return run !== null;
  }

  /** @param {string} id @param {boolean} pinned */
  async pin(id, pinned) {
    const run = await this.attempt(() => api.pinRun(id, pinned)), row = this.rows.get(id);
    if (run && row) row.run = run;
    this.show();
  }

  /** Gone from the list at once, from the server when nobody has taken it back. @param {string} id */
  remove(id) {
    this.settle();
    const row = this.rows.get(id);
    if (!row) return;
    const next = row.element.nextSibling, title = titleOf(row.run);
    row.element.remove();
    this.rows.delete(id);
    this.tick(id, false);
    this.going = { id, timer: window.setTimeout(() => this.settle(), TOAST_MS) };
    const made = toast(t("runs.deleted", { title }), el("button", { type: "button", "data-testid": "undo", text: t("runs.undo"), onclick: () => { made.remove(); this.back(row, next); } }));
  }

  /** @param {RunRow} row @param {ChildNode | null} next */
  back(row, next) {
    if (this.going?.id !== row.run.id) return;
    window.clearTimeout(this.going.timer);
    this.going = null;
    this.rows.set(row.run.id, row);
    byId("runs").insertBefore(row.element, next?.isConnected ? next : null);
    this.show();
  }

  /** What waits to be deleted is deleted now. */
  settle() {
    if (!this.going) return;
    const { id, timer } = this.going;
    window.clearTimeout(timer);
    this.going = null;
    void this.attempt(() => api.deleteRun(id));
  }

  /** @template T @param {() => Promise<T>} act @returns {Promise<T | null>} null where it was given up, or refused, which is then said */
  async attempt(act) {
    try {
      const answer = await act();
      notice("failed", "");
      return answer;
    } catch (error) {
      if (api.isGivenUp(error)) return null;
      if (!(error instanceof api.Problem)) throw error;
      if (error.status !== 401) notice("failed", t("notice.action_failed", { detail: error.detail }));
      return null;
    }
  }
}
