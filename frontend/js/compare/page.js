/**
 * The comparison on show: what streams in, the step on show, and the panels.
 * @typedef {import("../types.js").Catalog} Catalog
 * @typedef {import("../types.js").Comparison} Comparison
 * @typedef {import("../types.js").Series} Series
 * @typedef {import("../types.js").RunRecord} RunRecord
 * @typedef {import("../types.js").Value} Value
 */
import { configUrl, replaceSoon } from "../address.js";
import * as api from "../api.js";
import { Board } from "../board.js";
import { readTheme } from "../charts.js";
import { byId, el, setText } from "../dom.js";
import { saveFigures } from "../exporting.js";
import { FrameStore } from "../frames.js";
import { keep } from "../kept.js";
import { LessonCard, configOf, optionsOf, viewOf } from "../lesson.js";
import { titleOf } from "../menus.js";
import { notice, toast } from "../notices.js";
import { Player } from "../player.js";
import { fromConfig } from "../state.js";
import { LIVE, deleted, isOutdated } from "../status.js";
import { t } from "../../i18n/index.js";
import { badge, differencesTable } from "./differences-table.js";
import { labelOf } from "./labels.js";
import { PANELS } from "./panels/index.js";
import { RunCard } from "./run-card.js";
import { LETTERS, MOST, compareUrl, optionsFor } from "./state.js";
import { STATISTICS } from "./statistics.js";

const STREAM_MS = 150;
/** Characters that all runs together keep at hand, a byte each: the forty frames that a run usually has, of 120 runs of 50 layers. */
const MOST_CHARACTERS = 96e6;
const CHOICES = ["view.signal", "view.gradient", "view.units"];

export class ComparePage {
  /** @param {Catalog} catalog @param {RunRecord[][]} groups each what has one letter @param {import("../types.js").State} options */
  constructor(catalog, groups, options) {
    this.catalog = catalog;
    this.options = options;
    this.groups = groups.map((group) => group.map(({ id }) => id));
    this.records = new Map(groups.flat().map((record) => [record.id, record]));
    /** @type {Map<string, FrameStore>} */
    this.stores = new Map();
    /** Every step of any run, in order. @type {number[]} */
    this.steps = [];
    /** @type {string[]} */
    this.quantities = [];
    this.unfollow = () => {};
    this.scheduled = 0;
    /** What the lesson on show calls them. @type {(string | null)[]} */
    this.labels = [];
    /** @type {string[]} */
    this.colours = [];
    /** @type {Board<Comparison>} */
    this.board = new Board(byId("grid"), PANELS, { options: optionsFor(groups.length), choose: (path, value) => this.choose(path, value) });
    this.player = new Player(() => this.moved());
    this.recolour();
    this.cards = this.series().map((series) => new RunCard(series, {
      apply: (config) => void this.apply(config), twin: (one) => this.twin(one), remove: (one) => this.remove(one), cancel: (one) => void this.cancel(one),
      overSeeds: (one, count) => void this.overSeeds(one, count),
    }));
    this.lesson = new LessonCard(byId("lesson"), catalog, {
      go: (id, number, step, controls) => this.turn(id, number, step, controls), train: null, compare: (step) => void this.compare(step),
      fail: (text) => notice("lesson", text), read: api.getLesson,
    });
    void this.lesson.show(options);
    void this.label();
    if (options["view.lesson"] !== null) byId("charts").append(byId("compared"), byId("differences")); // what the text speaks of comes first
    byId("compared").replaceChildren(...this.cards.map(({ element }) => element));
    this.follow();
  }

  url() { return compareUrl(this.groups, this.options); }

  // ---- what streams in --------------------------------------------------------------------------------------------

  /** Only the quantities that are looked at are sent; another choice begins the stream again. */
  follow() {
    const needed = [String(this.options["view.quantity"]), ...CHOICES.map((path) => STATISTICS[String(this.options[path])].quantity)];
    if (needed.every((name) => this.quantities.includes(name))) return;
    this.quantities = [...new Set([...this.quantities, ...needed])];
    this.unfollow();
    this.stores = new Map([...this.records.keys()].map((id) => [id, this.store(id, this.quantities)]));
    this.steps = [];
    this.player.reset(this.options["view.step"] === null);
    this.unfollow = api.followTogether([...this.records.keys()], this.quantities, {
      record: (record) => this.update(record), frame: (id, frame) => this.add(id, frame),
      gone: (id) => this.update(deleted(/** @type {RunRecord} */ (this.records.get(id)))),
    });
  }

  /** @param {string} id @param {string[]} quantities */
  store(id, quantities) {
    return new FrameStore({
      again: (seq) => api.getFrame(id, seq, quantities), loaded: () => this.draw(),
      failed: (problem) => notice("frame", problem instanceof api.Problem ? problem.detail : String(problem)),
    }, MOST_CHARACTERS / this.records.size);
  }

  /** @param {RunRecord} record */
  update(record) {
    if (isOutdated(record, this.records.get(record.id) ?? record)) return;
    this.records.set(record.id, record);
    this.later();
  }

  /** @param {string} id @param {import("../types.js").Sent} frame */
  add(id, frame) {
    if (!this.stores.get(id)?.add(frame)) return;
    const at = this.steps.findIndex((step) => step >= frame.step);
    if (at < 0) this.steps.push(frame.step);
    else if (this.steps[at] !== frame.step) this.steps.splice(at, 0, frame.step);
    this.player.grow(this.steps.length);
    const wanted = this.options["view.step"];
    if (!this.player.following && wanted !== null) this.player.index = Math.max(0, this.steps.filter((step) => step <= Number(wanted)).length - 1);
    this.later();
  }

  later() { this.scheduled ||= window.setTimeout(() => this.draw(), STREAM_MS); }

  // ---- what somebody does -----------------------------------------------------------------------------------------

  /** @param {string} path @param {Value} value */
  choose(path, value) {
    this.options = { ...this.options, [path]: value };
    replaceSoon(this.url());
    this.follow();
    this.draw();
  }

  moved() {
    this.options = { ...this.options, "view.step": this.player.following ? null : this.steps[this.player.index] ?? null };
    replaceSoon(this.url());
    this.draw();
  }

  /** The mended configuration runs beside the others. @param {Record<string, unknown>} config */
  async apply(config) {
    if (this.groups.length >= MOST) return void toast(t("compare.full", { most: MOST }));
    await this.attempt(async () => {
      const { id } = await api.createRun(config);
      const groups = this.groups.some((group) => group.includes(id)) ? this.groups : [...this.groups, [id]];
      location.assign(compareUrl(groups, { ...this.options, "view.step": null }));
    });
  }

  /** A change to one of them is made on its own page, and comes back here. @param {Series} series */
  twin(series) {
    keep(this.series().map(({ name, members }) => ({ id: members.map(({ record }) => record.id).join("~"), name })));
    location.assign(series.members[0].record.url);
  }

  /** @param {Series} series */
  remove(series) {
    location.assign(compareUrl(this.groups.filter((group) => group[0] !== series.members[0].record.id), { ...this.options, "view.first": "A", "view.second": "B" }));
  }

  /** One of them over so many seeds, from its first on. @param {Series} series @param {number} count */
  async overSeeds({ members: [{ record }] }, count) {
    await this.attempt(async () => {
      const ids = count === 1 ? [record.id] : (await api.runOverSeeds(record.config, count)).runs.map(({ id }) => id);
      location.assign(compareUrl(this.groups.map((group) => (group[0] === record.id ? ids : group)), { ...this.options, "view.step": null }));
    });
  }

  /** @param {Series} series */
  async cancel({ members }) {
    await this.attempt(async () => {
      for (const { record } of members) if (LIVE.includes(record.status)) this.update(await api.cancelRun(record.id));
    });
  }

  /** A lesson's next step begins on the dashboard; the end of a lesson changes nothing else. @param {string | null} id @param {number} number
   * @param {import("../types.js").LessonStep | null} step @param {string[]} controls */
  turn(id, number, step, controls) {
    const view = optionsOf(id, number, step, controls);
    if (step) return void location.assign(configUrl(fromConfig(configOf(step), this.catalog), this.catalog, { "view.lang": this.options["view.lang"], ...view }));
    this.options = { ...this.options, "view.lesson": null, "view.lesson_step": null };
    this.labels = [];
    replaceSoon(this.url());
    void this.lesson.show(this.options);
    this.draw();
  }

  /** The lesson's own names for what it compares. */
  async label() {
    const step = await this.lesson.step(this.options);
    if (!step?.compare) return;
    this.labels = this.series().map(({ members: [{ record }] }) => labelOf(record.config, step.compare ?? []));
    this.name();
    this.draw();
  }

  /** A step's networks anew. @param {import("../types.js").LessonStep} step */
  async compare(step) {
    await this.attempt(async () => {
      const records = await Promise.all((step.compare ?? []).map(({ config }) => api.createRun(config)));
      location.assign(compareUrl(records.map(({ id }) => [id]), { ...this.options, "view.step": null, ...viewOf(step) }));
    });
  }

  /** @param {() => Promise<void>} act */
  async attempt(act) {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof api.Problem)) throw error;
      toast(t("notice.action_failed", { detail: error.detail }));
    }
  }

  /** Pictures and tables of all that is on show. */
  async figures() {
    const runs = this.series().flatMap(({ letter, members }) => members.map(({ record: { id, config } }) => ({ letter, id, configuration: config })));
    await saveFigures(this.board, { title: byId("run-name").textContent, link: new URL(this.url(), location.href).href, step: this.step, version: this.catalog.version, runs });
  }

  // ---- drawing ----------------------------------------------------------------------------------------------------

  /** The step on show: each run stands at its last frame up to it. */
  get step() { return this.steps[Math.max(0, Math.min(this.player.index, this.steps.length - 1))] ?? 0; }

  /** @returns {Series[]} */
  series() {
    return this.groups.map((ids, index) => {
      const members = ids.map((id) => {
        const record = /** @type {RunRecord} */ (this.records.get(id)), store = this.stores.get(id) ?? new FrameStore();
        return { record, frame: store.at(store.indexOfStep(this.step)), curve: store.curve, history: store.history };
      });
      return { letter: LETTERS[index], colour: this.colours[index], name: titleOf(members[0].record), label: this.labels[index] ?? null, members };
    });
  }

  /** @param {boolean} [recoloured] */
  draw(recoloured = false) {
    window.clearTimeout(this.scheduled);
    this.scheduled = 0;
    if (recoloured) this.recolour();
    const series = this.series(), some = this.steps.length > 0, whole = series.every(({ members }) => members.every(({ frame, history }) => frame || !history.length));
    this.player.show(some ? this.step : null);
    this.cards.forEach((card, index) => card.show(series[index]));
    this.status();
    if (!some || !whole) return; // what is asked for again is drawn when it is here
    this.board.show({ series, step: this.step, options: this.options }, recoloured);
    Object.assign(document.body.dataset, { step: String(this.step), ready: "true", frames: String(this.steps.length) });
  }

  recolour() {
    this.colours = readTheme().series;
    byId("differences").hidden = false;
    byId("differences-table").replaceChildren(differencesTable(this.catalog, this.series()));
    this.name();
  }

  /** Under the lesson: whose each letter is. */
  name() {
    byId("names").replaceChildren(...this.series().map(({ letter, colour, name, label }) => el("li", {}, badge(letter, colour), el("bdi", { text: label ?? name }))));
  }

  status() {
    const all = [...this.records.values()], live = all.filter(({ status }) => LIVE.includes(status)).length;
    setText(byId("status"), live ? t("compare.running", { live, count: all.length }) : t("compare.over", { count: all.length }));
    setText(byId("run-name"), t("compare.title", { count: this.groups.length }));
    document.body.dataset.live = String(live);
  }
}
