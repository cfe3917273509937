/**
 * What is on show, and what follows when somebody moves something. Either a preview of the configuration in the rail, or
 * a run; a control moved while a run is on show leaves the run.
 * @typedef {import("./types.js").Catalog} Catalog
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Value} Value
 * @typedef {import("./types.js").Preview} Preview
 * @typedef {import("./types.js").RunRecord} RunRecord
 */
import * as address from "./address.js";
import * as api from "./api.js";
import { Board } from "./board.js";
import { Rail } from "./controls.js";
import { byId, el } from "./dom.js";
import { embedded, snippet } from "./embed.js";
import { saveFigures, savePreview, showExport } from "./exporting.js";
import { unreadable } from "./field.js";
import { FollowedRun } from "./followed.js";
import { FrameStore } from "./frames.js";
import { configOf, LessonCard, optionsOf, viewOf } from "./lesson.js";
import { runName, titleOf } from "./menus.js";
import { notice, share, tellProblems, toast, urgent } from "./notices.js";
import { phaseUrl } from "./phase/link.js";
import { layerBeside, stepsOfEpoch } from "./panels/common.js";
import { PANELS } from "./panels/index.js";
import { multiplesRefused } from "./panels/multiples.js";
import { Player } from "./player.js";
import { Previewer } from "./preview.js";
import { report } from "./report.js";
import { VIEW_OPTIONS, defaults, fromConfig, pairs, parse, toConfig, withField } from "./state.js";
import { LIVE, showStatus } from "./status.js";
import { Twins } from "./twins.js";
import { showVerdict } from "./verdict.js";
import { WeightsChoice } from "./weights-choice.js";
import { said, t } from "../i18n/index.js";

const STREAM_MS = 150, FETCH_MS = 1000;
const SOURCE = "init.source", UNPROCESSABLE = 422;

/** A link that names a lesson, or a step of one, and no configuration: it begins with that step's network. @param {State} options */
const isBareLesson = (options) => options["view.lesson"] !== null && !address.runInAddress() && pairs(location.hash).every(([key]) => key.startsWith("view."));

export class App {
  /** @param {Catalog} catalog */
  constructor(catalog) {
    this.catalog = catalog;
    /** @type {State} */
    this.state = defaults(catalog);
    this.options = parse("", catalog).view;
    /** The run on show; null while a configuration is. @type {FollowedRun | null} */
    this.followed = null;
    /** @type {Preview | null} */
    this.previewed = null;
    this.looked = new FrameStore();
    this.busy = false;
    /** @type {import("./types.js").Fetching | null} */
    this.fetching = null;
    this.scheduled = 0;
    this.rail = new Rail(byId("controls"), catalog, (path, value, committed) => this.change(path, value, committed));
    /** @type {Board} */
    this.board = new Board(byId("grid"), PANELS, { options: VIEW_OPTIONS, choose: (path, value) => this.choose(path, value) });
    this.player = new Player(() => this.moved());
    this.lesson = new LessonCard(byId("lesson"), catalog, {
      go: (id, number, step, controls) => this.begin(id, number, step, controls), train: () => void this.train(),
      compare: (step) => void this.compare(step), fail: (text) => notice("lesson", text), read: api.getLesson,
    });
    this.weights = new WeightsChoice((source) => this.change(SOURCE, source, true));
    this.twins = new Twins({ config: () => this.config(), readable: () => this.readable(), submit: (config) => this.submit(config) });
    this.previewer = new Previewer({ drawn: (answer) => this.drawn(answer), failed: (problem) => this.failed(problem), busy: (busy) => { this.busy = busy; this.status(); } });
  }

  get run() { return this.followed?.record ?? null; }
  get shown() { return this.followed ? this.followed.shown : this.previewed; }
  get store() { return this.followed?.store ?? this.looked; }

  /** The address decides what is on show. */
  route() {
    address.drop();
    const id = address.runInAddress(), { state, view, problems } = parse(location.hash, this.catalog);
    this.options = view;
    this.follow();
    tellProblems(id ? problems.filter(({ key }) => key.startsWith("view.")) : problems);
    if (id) return void this.show(id);
    this.state = state;
    this.leaveRun();
    this.preview(0);
    if (isBareLesson(view)) void this.lesson.open(String(view["view.lesson"]), Number(view["view.lesson_step"] ?? 1));
  }

  // ---- the configuration ------------------------------------------------------------------------------------------

  /** @param {string} path @param {Value} value @param {boolean} committed */
  change(path, value, committed) {
    if (value === undefined) return;
    const before = JSON.stringify(this.state);
    this.state = withField(this.catalog, this.state, path, value);
    const same = before === JSON.stringify(this.state);
    if (same && this.run) return;
    if (!same) this.twins.origin ??= this.run;
    if (!same) this.leaveRun();
    address.moved(this.configUrl(), committed);
    if (!same) this.preview();
  }

  /** The address of what is on show. */
  url() { return this.run ? address.runUrl(this.run.id, this.options) : this.configUrl(); }

  configUrl() { return address.configUrl(this.state, this.catalog, { ...this.options, "view.step": null }); }

  reset() {
    this.state = defaults(this.catalog);
    this.leaveRun();
    address.push(this.configUrl());
    this.preview(0);
  }

  /** @param {number} [pause] */
  preview(pause) {
    this.rail.show(this.state);
    this.previewer.ask(toConfig(this.state, this.catalog), pause);
  }

  /** @param {Preview} answer */
  drawn(answer) {
    this.previewed = answer;
    this.fetching = null;
    this.looked = new FrameStore();
    this.looked.add(answer.frame);
    this.rail.fail([]);
    this.weights.hide();
    this.board.stale(false);
    notice("refused", "");
    this.draw();
  }

  /** The last good picture stays, dimmed; the problem stands at its control. That no trained weights are chosen yet is no problem, but a
   * question. @param {api.Problem} problem */
  failed(problem) {
    this.fetching = problem.fetching;
    if (this.fetching) return this.awaitData();
    const asks = problem.errors.some(({ loc }) => loc === SOURCE), unchosen = asks && problem.errors.length === 1 && !this.state[SOURCE];
    const detail = this.refusal(unchosen ? { ...problem, errors: [] } : problem);
    this.board.stale(true);
    if (asks) void this.weights.show();
    else this.weights.hide();
    if (unchosen) notice("refused", "");
    else if (problem.status !== 401) notice("refused", t(this.board.view ? "notice.refused" : "notice.impossible", { detail }));
    this.status();
    document.body.dataset.ready = "true";
  }

  /** Marks the controls that a problem names, and gives what is left to say; a refused configuration's detail is but its errors together.
   * @param {Pick<api.Problem, "status" | "errors" | "detail">} problem */
  refusal({ status, errors, detail }) {
    const left = this.rail.fail(errors);
    return status === UNPROCESSABLE && errors.length ? left : detail;
  }

  /** The data set is being fetched: the preview is asked for again, and the status line says how far it is. */
  awaitData() {
    this.board.stale(true);
    this.status();
    document.body.dataset.ready = "true";
    this.previewer.ask(this.config(), FETCH_MS);
  }

  // ---- lessons ----------------------------------------------------------------------------------------------------

  /** What follows from the view's options beside the charts: the lesson, and the controls that are left to move. */
  follow() {
    notice("lesson", "");
    void this.lesson.show(this.options);
    this.rail.only(this.options["view.controls"] === null ? [] : String(this.options["view.controls"]).split(","));
  }

  /** A lesson's step comes on show, or the lesson ends. @param {string | null} id @param {number} number
   * @param {import("./types.js").LessonStep | null} step @param {string[]} controls */
  begin(id, number, step, controls) {
    const bare = id !== null && this.run === null && isBareLesson(this.options), write = bare ? address.replaceSoon : address.push, own = this.options["view.controls"];
    this.options = { ...this.options, ...optionsOf(id, number, step, controls), ...(bare && own !== null ? { "view.controls": own } : {}) };
    this.follow();
    if (!step) return this.keep();
    this.state = fromConfig(configOf(step), this.catalog);
    this.leaveRun();
    write(this.configUrl());
    this.preview(0);
  }

  /** Trains a step's networks and shows them together. @param {import("./types.js").LessonStep} step */
  async compare(step) {
    const records = await Promise.all((step.compare ?? []).map(({ config }) => this.submit(config)));
    this.twins.together(records.flatMap((record) => (record ? [record] : [])), { ...this.options, "view.step": null, ...viewOf(step) });
  }

  // ---- runs -------------------------------------------------------------------------------------------------------

  /** @param {unknown} [config] @param {boolean} [fresh] */
  async train(config = this.config(), fresh = false) {
    if (this.followed?.live || !this.readable()) return;
    const before = this.run?.id, record = await this.submit(config, fresh);
    if (!record) return;
    address.push(address.runUrl(record.id, { ...this.options, "view.step": null }));
    this.options = { ...this.options, "view.step": null };
    this.enter(record);
    const known = !fresh && !LIVE.includes(record.status) && (before === record.id || record.steps_done > 0);
    if (known) toast(t("notice.known"), el("button", { type: "button", text: t("action.fresh"), onclick: () => void this.train(config, true) }));
  }

  /** Whether what stands in the controls is what would run; what is not is said. */
  readable() {
    const detail = unreadable(this.rail.controls.values());
    if (detail) urgent("run", t("notice.train_failed", { detail }));
    return !detail;
  }

  /** @param {unknown} config @param {boolean} [fresh] @returns {Promise<RunRecord | null>} null where it was refused, which is then said */
  async submit(config, fresh = false) {
    try {
      const record = await api.createRun(config, fresh);
      notice("run", "");
      return record;
    } catch (error) {
      if (!(error instanceof api.Problem)) throw error;
      const detail = this.refusal(error);
      if (error.status !== 401) urgent("run", t("notice.train_failed", { detail }));
      return null;
    }
  }

  config() { return toConfig(this.state, this.catalog); }

  /** @param {string} id */
  openRun(id) {
    this.options = { ...this.options, "view.step": null };
    address.push(address.runUrl(id, this.options));
    void this.show(id);
  }

  /** @param {string} id */
  async show(id) {
    this.leaveRun();
    try {
      const record = await api.getRun(id);
      if (address.runInAddress() === id) this.enter(record);
    } catch (error) {
      if (!(error instanceof api.Problem)) throw error;
      this.rail.show(this.state);
      notice("run", error.status === 404 ? t("notice.run_missing", { id }) : error.detail, el("a", { href: "/", text: t("app.start_over") }));
      this.clear();
      document.body.dataset.ready = "true";
      this.status();
    }
  }

  clear() {
    this.previewed = null;
    this.looked = new FrameStore();
    this.board.clear();
    byId("verdict").replaceChildren();
    delete byId("verdict").dataset.shown;
  }

  /** @param {RunRecord} record */
  enter(record) {
    this.leaveRun();
    this.state = fromConfig(record.config, this.catalog);
    this.rail.show(this.state);
    this.rail.fail([]);
    this.weights.hide();
    this.board.stale(true);
    notice("refused", "");
    if (!this.board.view) notice("waiting", t("notice.waiting")); // over what is on show it would move all of it, twice
    this.player.reset(this.options["view.step"] === null);
    const followed = new FollowedRun(record, {
      changed: () => { if (this.followed === followed) this.streamed(followed); },
      loaded: () => { if (this.followed === followed) this.draw(); },
      failed: (error) => notice("run", error instanceof api.Problem ? error.detail : String(error)),
    });
    this.followed = followed;
    this.status();
  }

  /** What is on show stays on show until something else is there. */
  leaveRun() {
    Object.assign(this, { previewed: this.shown, looked: this.store });
    this.followed?.stop();
    this.followed = null;
    this.previewer.stop();
    for (const id of ["run", "waiting"]) notice(id, "");
    this.player.reset(true);
    this.player.show(null);
    this.busy = false;
    this.fetching = null;
  }

  /** The run's record, frames or theory have changed. @param {FollowedRun} followed */
  streamed({ record, store, live }) {
    if (record.status === "cancelled" && record.error) notice("run", said(record, "error"));
    if (record.status === "failed") notice("run", t("notice.run_failed", { detail: said(record, "error") ?? "" }), !embedded && !report && this.againButton(record));
    if (!live || store.length) notice("waiting", "");
    if (store.length) this.board.stale(false);
    this.player.grow(store.length);
    if (!this.player.following && this.options["view.step"] !== null) this.player.index = store.indexOfStep(Number(this.options["view.step"]));
    this.later();
  }

  /** What failed by no fault of its own can run once more. @param {RunRecord} record */
  againButton(record) {
    return el("button", { type: "button", text: t("action.fresh"), "data-testid": "run-again", onclick: () => void this.train(record.config, true) });
  }

  async cancel() {
    if (!this.run) return;
    try {
      this.followed?.update(await api.cancelRun(this.run.id));
    } catch (error) {
      if (!(error instanceof api.Problem)) throw error;
      toast(t("notice.action_failed", { detail: error.detail }));
    }
  }

  // ---- what is looked at ------------------------------------------------------------------------------------------

  /** @param {string} path @param {Value} value */
  choose(path, value) {
    this.options = { ...this.options, [path]: value };
    this.keep();
    this.draw();
  }

  keep() {
    address.replaceSoon(this.url());
  }

  /** @param {number} by */
  stepLayer(by) {
    if (this.board.view) this.choose("view.layer", layerBeside(this.board.view, by));
  }

  /** The scrubber moved by hand. */
  moved() {
    const step = this.store.stepAt(this.player.index);
    this.options = { ...this.options, "view.step": this.player.following ? null : step };
    this.keep();
    this.draw();
  }

  async share() {
    address.flush();
    await share(new URL(this.url(), location.href).href, t(this.run ? "share.copied_run" : "share.copied_config"));
  }

  /** Copies the run as a frame for another page. */
  async embed() {
    address.flush();
    if (this.run) await share(snippet(address.runUrl(this.run.id, this.options), document.title), t("share.copied_embed"));
  }

  /** Pictures and tables of all that is on show. */
  async figures() {
    address.flush();
    await saveFigures(this.board, {
      title: byId("run-name").textContent, link: new URL(this.url(), location.href).href, step: this.board.view?.frame.step,
      version: this.catalog.version, configuration: this.shown?.config, theory: this.shown?.theory,
    });
  }

  // ---- drawing ----------------------------------------------------------------------------------------------------

  /** What streams in is drawn seven times a second at most: a slow machine needs the time between to read the stream. */
  later() {
    this.scheduled ||= window.setTimeout(() => this.draw(), STREAM_MS);
  }

  /** @param {boolean} [recoloured] */
  draw(recoloured = false) {
    window.clearTimeout(this.scheduled);
    this.scheduled = 0;
    const frame = this.store.at(this.run ? this.player.index : 0);
    this.status();
    this.player.show(this.run ? this.store.stepAt(this.player.index) : null);
    if (!this.shown || !frame) return;
    const { layers, theory, findings } = this.shown;
    this.board.show({
      frame, layers, theory, config: /** @type {any} */ (this.shown.config), catalog: this.catalog, options: this.options, preview: this.run === null, running: this.followed?.live ?? false,
      epoch: stepsOfEpoch(this.run), curve: this.store.curve, history: this.store.history, refuse: (_, choice) => multiplesRefused(frame.layers, choice),
    }, recoloured);
    byId("phase-link").setAttribute("href", phaseUrl(this.state, theory, this.url()));
    showVerdict(byId("verdict"), findings ?? [], frame, (config) => void this.twins.apply(config));
    Object.assign(document.body.dataset, { step: String(frame.step), ready: "true" });
  }

  status() {
    const name = this.run ? titleOf(this.run) : runName(this.shown?.config ?? {});
    showStatus(this.run, this.busy, this.store.length, this.fetching);
    byId("run-name").textContent = this.run || this.shown ? name : t("app.title");
    document.title = this.run || this.shown ? `${name} – ${t("app.title")}` : t("app.title");
    showExport(this.run?.id ?? null, { figures: () => void this.figures(), preview: () => void savePreview(this.config()), embed: () => void this.embed() }, Boolean(this.run || this.shown));
    /** @type {HTMLAnchorElement} */ (byId("open-whole")).href = location.pathname + location.hash;
    this.twins.show(this.run);
  }
}
