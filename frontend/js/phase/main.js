/**
 * The phase diagram's page: address -> state -> theory's map at once, a measured map by request, a dot for every click, a run where
 * its button is pressed.
 * @typedef {import("../types.js").Catalog} Catalog
 * @typedef {import("./figure.js").PhaseMap} PhaseMap
 */
import * as api from "../api.js";
import { readTheme, render } from "../charts.js";
import { byId, el, setContents, setText, sheetTable } from "../dom.js";
import { fieldControl } from "../field.js";
import { duration, integer, number } from "../format.js";
import { startKeys } from "../keys.js";
import { showLegend } from "../legend.js";
import { startDrawer } from "../menus.js";
import { notice, share } from "../notices.js";
import { cardOf, serialise as configHash, fromConfig } from "../state.js";
import { startSession } from "../signin.js";
import { timeLeft } from "../status.js";
import { fillTexts, startLanguage } from "../texts.js";
import { next as nextTheme, startTheme } from "../theme.js";
import { addressed, said, t } from "../../i18n/index.js";
import { isShown } from "./colours.js";
import { TRAINABLE_SCALES, figure, reaching } from "./figure.js";
import { ACTIVATION, COLOURS, fieldsOf, parse, pointConfig, serialise, sweepConfig, trainedConfig } from "./state.js";
import { backUrl } from "./link.js";
import { Sweep, agrees } from "./sweep.js";
import { Trained } from "./trained.js";

const THEORY_POINTS = 64, PAUSE_MS = 150;

/** Fields of this page have their words here, those of the catalogue bring theirs. @param {import("../types.js").Field} field */
const named = (field) => (field.label ? field : { ...field, label: t(`phase.field.${field.path}`), help: t(`phase.help.${field.path}`) });

class PhasePage {
  /** @param {Catalog} catalog */
  constructor(catalog) {
    this.catalog = catalog;
    /** @type {PhaseMap | null} */
    this.map = null;
    /** @type {Map<string, string>} */
    this.measured = new Map();
    this.timer = 0;
    this.asked = 0;
    this.sweep = new Sweep(() => this.draw(), () => { history.replaceState(null, "", this.url()); this.draw(); });
    /** @type {import("../types.js").State} */
    this.state = parse("", catalog).state;
    /** @type {[number, number][]} */
    this.dots = [];
    /** @type {[number, number] | null} */
    this.own = null;
    /** The dashboard that one came from. @type {string | null} */
    this.from = null;
    this.generation = 0;
    this.trained = new Trained(() => this.draw());
  }

  route() {
    const { state, dots, runs, own, from, sweep, bad } = parse(location.hash, this.catalog);
    Object.assign(this, { state, dots, own, from });
    byId("back").setAttribute("href", backUrl(from));
    this.trained.follow(runs);
    notice("address", bad.length ? t("notice.not_understood", { list: bad.join(", ") }) : "");
    this.rail();
    this.forget();
    if (sweep) this.sweep.follow(sweep, (config) => agrees(config, sweepConfig(this.state, this.catalog, Number(this.state.points), Number(config.train_steps) > 0)));
    this.ask(0);
  }

  rail() {
    const name = `${ACTIVATION}.name`, labels = Object.fromEntries(this.catalog.choices[ACTIVATION].entries.map((card) => [card.name, card.label]));
    const words = Object.fromEntries(COLOURS.map((colour) => [colour, t(`phase.colour.${colour}`)]));
    const controls = fieldsOf(this.catalog, this.state[name]).map((field) => fieldControl(
      named(field), (path, value) => this.change(path, value), field.path === name ? labels : field.path === "colour" ? words : {}));
    byId("controls").replaceChildren(el("div", { class: "section" }, ...controls.map(({ element }) => element)));
    for (const control of controls) control.show(this.state);
  }

  /** @param {string} path @param {import("../types.js").Value | undefined} value */
  change(path, value) {
    if (value === undefined || this.state[path] === value) return;
    const before = this.state;
    this.state = { ...before, [path]: value };
    if (path === `${ACTIVATION}.name`) this.state = { ...parse(`#${serialise(this.state, this.catalog, {})}`, this.catalog).state };
    if (this.trains(before) !== this.trains(this.state)) this.trained.follow(new Map());
    if (path !== "colour") this.forget();
    history.replaceState(null, "", this.url());
    if (path === `${ACTIVATION}.name`) this.rail();
    if (path === "colour") return this.draw();
    this.ask();
  }

  /** What is trained at a dot, as text. @param {import("../types.js").State} state */
  trains(state) { return JSON.stringify(trainedConfig(state, this.catalog, [1, 0])); }

  /** Another map: what was measured of the old one goes, and what is still on its way. */
  forget() {
    this.generation += 1;
    this.sweep.drop();
    this.measured.clear();
  }

  ask(pause = PAUSE_MS) {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.theory(), pause);
  }

  async theory() {
    const asked = (this.asked += 1);
    const found = await this.call(() => api.sweepTheory(sweepConfig(this.state, this.catalog, THEORY_POINTS)));
    if (!found || asked !== this.asked) return;
    this.map = found;
    this.draw();
    for (const dot of this.dots) if (!this.measured.has(dot.join(","))) void this.look(dot);
  }

  /** @template T @param {() => Promise<T>} request @returns {Promise<T | null>} */
  async call(request) {
    try {
      const answer = await request();
      notice("refused", "");
      return answer;
    } catch (error) {
      if (!(error instanceof api.Problem)) throw error;
      if (error.status !== 401) notice("refused", t("notice.refused", { detail: error.detail }));
      return null;
    }
  }

  async measure() {
    const trained = this.state.colour === "loss", { generation } = this;
    this.sweep.drop();
    if (this.state.colour === "theory") this.change("colour", "measured");
    const record = await this.call(() => api.createSweep(sweepConfig(this.state, this.catalog, Number(this.state.points), trained)));
    if (!record || generation !== this.generation) return;
    this.rail();
    this.sweep.follow(record.id);
    history.replaceState(null, "", this.url());
  }

  /** How far the map is. */
  progress() {
    const { record, live } = this.sweep, left = record && timeLeft({ ...record, steps_done: record.frames });
    const words = record ? [t("phase.status", { status: t(`status.${record.status}`), rows: record.frames, total: record.steps_total }), left === null ? "" : t("status.left", { time: duration(left) })] : [];
    setText(byId("status"), words.filter(Boolean).join(" · "));
    byId("progress").hidden = !live;
    byId("progress").setAttribute("value", String(record ? record.frames / record.steps_total : 0));
    byId("cancel").toggleAttribute("disabled", !live);
    if (record?.error) notice("refused", said(record, "error"));
  }

  async cancel() {
    await this.call(() => api.cancelSweep(this.sweep.id));
  }

  /** Why there is no map to see, over where it will be. */
  emptiness() {
    const { colour, points, train_steps } = this.state, count = String(points);
    if (isShown(this.sweep.rows, String(colour))) return "";
    if (this.sweep.live) return t("phase.waiting");
    return colour === "loss" ? t("phase.empty_trained", { count, steps: integer(Number(train_steps)) }) : t("phase.empty", { count });
  }

  /** A click leaves a dot and looks at the network there. @param {number} w2 @param {number} b2 */
  click(w2, b2) {
    const dot = /** @type {[number, number]} */ ([Number(w2.toPrecision(4)), Number(Math.max(0, b2).toPrecision(4))]);
    if (this.dots.some(([w, b]) => w === dot[0] && b === dot[1])) return;
    this.dots = [...this.dots, dot];
    history.pushState(null, "", this.url());
    void this.look(dot);
    this.draw();
  }

  /** @param {[number, number]} dot */
  async look(dot) {
    const { generation } = this;
    const answer = await this.call(() => api.preview(pointConfig(this.state, this.catalog, dot), new AbortController().signal));
    if (!answer || generation !== this.generation || !this.dots.includes(dot)) return;
    const { frame } = answer, hidden = frame.layers.length - 2;
    this.measured.set(dot.join(","), t("phase.dot_text", {
      q: number(frame.quantities.preactivation.mean_square[hidden]), c: number(frame.correlation?.[hidden]), loss: number(frame.loss) }));
    this.draw();
  }

  /** A dot that is no longer wanted. @param {string} place */
  remove(place) {
    this.dots = this.dots.filter((dot) => dot.join(",") !== place);
    this.measured.delete(place);
    this.trained.drop(place);
    history.pushState(null, "", this.url());
    this.draw();
  }

  /** Trains the network at a dot, which then bears the loss reached. @param {[number, number]} dot */
  async train(dot) {
    const key = dot.join(","), config = trainedConfig(this.state, this.catalog, dot);
    if (this.trained.has(key)) return;
    const record = await this.call(() => api.createRun(config));
    if (!record || JSON.stringify(config) !== JSON.stringify(trainedConfig(this.state, this.catalog, dot))) return;
    this.trained.add(key, record.id);
    history.replaceState(null, "", this.url());
    this.draw();
  }

  draw() {
    const { map } = this;
    if (!map) return;
    const dots = this.dots.map(([w2, b2]) => ({ w2, b2, text: t("phase.dot", { w2: number(w2), b2: number(b2) }) + (this.measured.get(`${w2},${b2}`) ?? ""), ...this.trained.reached(`${w2},${b2}`) }));
    const own = this.own && { w2: this.own[0], b2: this.own[1], text: t("phase.own_at", { dot: t("phase.dot", { w2: number(this.own[0]), b2: number(this.own[1]) }) }) };
    const empty = this.emptiness();
    setText(byId("empty"), empty);
    byId("empty").hidden = !empty;
    this.progress();
    byId("status").hidden = Boolean(empty) && !this.sweep.live;
    setText(byId("measure"), t(this.state.colour === "loss" ? "phase.train_map" : "phase.measure"));
    render(byId("plot"), () => {
      const drawn = figure({ theme: readTheme(), map, rows: this.sweep.rows, colour: String(this.state.colour), depth: Number(this.state["network.depth"]), dots, own });
      showLegend(byId("legend"), drawn);
      return drawn;
    }, (x, y) => this.click(Number(x), Number(y)));
    this.words(map);
    byId("dots").replaceChildren(...(own ? [el("p", { text: `★ ${own.text}` })] : []), ...dots.map((dot) => this.dotLine(dot)));
    Object.assign(document.body.dataset, { ready: "true", rows: String(this.sweep.rows.length), dots: String(this.measured.size), trained: String(dots.filter((dot) => dot.loss).length) });
  }

  /** @param {import("./figure.js").Dot} dot */
  dotLine(dot) {
    const config = pointConfig(this.state, this.catalog, [dot.w2, dot.b2]);
    const href = `/#${addressed(configHash(fromConfig(config, this.catalog), this.catalog))}`;
    const key = `${dot.w2},${dot.b2}`, named = t("phase.dot", { w2: number(dot.w2), b2: number(dot.b2) }), run = this.trained.url(key), steps = integer(Number(this.state.train_steps));
    const train = () => el("button", { type: "button", "data-testid": "dot-train", text: t("phase.train", { steps }), onclick: () => void this.train([dot.w2, dot.b2]) });
    const remove = el("button", { type: "button", class: "quiet", "data-testid": "dot-remove", text: "✕", "aria-label": t("phase.remove", { dot: named }), title: t("phase.remove", { dot: named }), onclick: () => this.remove(key) });
    const words = el("p", { class: "dot-words" }, el("span", { text: dot.text }), el("span", { class: "dot-trained", text: this.trained.words(key) }),
      run ? el("a", { href: `${run}${addressed("") ? `#${addressed("")}` : ""}`, text: t("phase.open_run") }) : train(), el("a", { href, text: t("phase.open") }));
    return el("div", { class: "dot-line" }, words, remove);
  }

  /** @param {string | null} [language] */
  url(language) { return `#${addressed(serialise(this.state, this.catalog, { dots: this.dots, runs: this.trained.runs, sweep: this.sweep.id, own: this.own, from: this.from }), language)}`; }

  /** @param {PhaseMap} map */
  words(map) {
    byId("line-table").replaceChildren(sheetTable({ head: [t("phase.sigma_b2"), t("phase.critical")],
      rows: map.sigma_b2.map((b2, index) => [number(b2), number(map.critical_sigma_w2[index], 4)]) }, t("phase.critical")));
    const label = cardOf(this.catalog, ACTIVATION, this.state[`${ACTIVATION}.name`])?.label ?? "", depth = Number(this.state["network.depth"]);
    setText(byId("run-name"), `${label} · ${integer(depth)} × ${integer(Number(this.state["network.width"]))}`);
    const line = map.critical_sigma_w2.findIndex((value) => value !== null), beyond = reaching(map);
    const text = t(line < 0 ? "phase.words_none" : beyond ? "phase.words_beyond" : "phase.words",
      { label, w2: number(map.critical_sigma_w2[line], 4), b2: number(map.sigma_b2[line]), depth: integer(depth), scale: number(depth / TRAINABLE_SCALES) });
    const widen = beyond && el("button", { type: "button", "data-testid": "phase-widen", text: t("phase.widen"), onclick: () => { this.change(...beyond); this.rail(); } });
    setContents(byId("words"), [text, beyond], () => [el("span", { text }), ...(widen ? [document.createTextNode(" "), widen] : [])]);
  }
}

/** @param {string} id */
const valueOf = (id) => /** @type {HTMLInputElement} */ (byId(id)).valueAsNumber;

async function start() {
  fillTexts();
  byId("rail").setAttribute("aria-label", t("phase.rail"));
  let redraw = () => {};
  startTheme(() => redraw());
  startSession();
  try {
    const page = new PhasePage(await api.getCatalog());
    redraw = () => page.draw();
    byId("measure").addEventListener("click", () => void page.measure());
    byId("cancel").addEventListener("click", () => void page.cancel());
    byId("share").addEventListener("click", () => void share(location.href, t("share.copied_config")));
    byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("charts").focus(); });
    byId("place").addEventListener("submit", (event) => { event.preventDefault(); page.click(valueOf("place-w2"), valueOf("place-b2")); });
    startLanguage((chosen) => history.replaceState(null, "", page.url(chosen)));
    startDrawer();
    startKeys({ t: () => { const newest = page.dots.at(-1); if (newest) void page.train(newest); }, s: () => byId("share").click(), d: () => { nextTheme(); page.draw(); } });
    window.addEventListener("popstate", () => page.route());
    page.route();
  } catch (error) {
    notice("loading", error instanceof api.Problem ? error.detail : String(error));
    throw error;
  }
}

void start();
