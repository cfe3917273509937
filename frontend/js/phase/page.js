/**
 * The phase diagram on show: address -> state -> theory's map at once, a measured map by request, a dot for every click, a run where
 * its button is pressed.
 * @typedef {import("../types.js").Catalog} Catalog
 * @typedef {import("../types.js").Value} Value
 * @typedef {import("./figure.js").PhaseMap} PhaseMap
 */
import * as address from "../address.js";
import * as api from "../api.js";
import { readTheme, render } from "../charts.js";
import { csv } from "../csv.js";
import { byId, el, setText } from "../dom.js";
import { fieldControl, unreadable } from "../field.js";
import { fileName, save } from "../files.js";
import { EXACT } from "../format.js";
import { showLegend } from "../legend.js";
import { notice, urgent } from "../notices.js";
import { addressed, t } from "../../i18n/index.js";
import { answered } from "./answered.js";
import { isShown } from "./colours.js";
import { Dots, at } from "./dots.js";
import { figure } from "./figure.js";
import { backUrl } from "./link.js";
import { ACTIVATION, COLOURS, fieldsOf, parse, serialise, sweepConfig, trainedConfig } from "./state.js";
import { Sweep, agrees } from "./sweep.js";
import { lineTable, mapTable } from "./tables.js";
import { tellNone, tellSweep, tellTheory } from "./words.js";

const THEORY_POINTS = 64, PAUSE_MS = 150;

/** Fields of this page have their words here, those of the catalogue bring theirs. @param {import("../types.js").Field} field */
const named = (field) => (field.label ? field : { ...field, label: t(`phase.field.${field.path}`), help: t(`phase.help.${field.path}`) });

export class PhasePage {
  /** @param {Catalog} catalog */
  constructor(catalog) {
    this.catalog = catalog;
    this.state = parse("", catalog).state;
    /** @type {PhaseMap | null} */
    this.map = null;
    /** What the map is of: it stays on show until another one is there. */
    this.mapped = this.state;
    /** Where the network stands that one came from. @type {[number, number] | null} */
    this.own = null;
    /** The dashboard that one came from. @type {string | null} */
    this.from = null;
    this.timer = 0;
    /** @type {import("../controls.js").Control[]} */
    this.controls = [];
    /** Gives up what is asked for when something newer is. */
    this.asking = new AbortController();
    this.sweep = new Sweep(() => this.draw(), () => { this.keep(); this.draw(); });
    this.dots = new Dots(catalog, { state: () => this.state, changed: () => this.draw(), moved: (back) => this.moved(back) });
  }

  /** The address decides what is on show. */
  route() {
    address.drop();
    const { state, dots, runs, own, from, sweep, bad } = parse(location.hash, this.catalog);
    Object.assign(this, { state, own, from });
    byId("back").setAttribute("href", backUrl(from));
    this.dots.follow(dots, runs);
    notice("address", bad.length ? t("notice.not_understood", { list: bad.join(", ") }) : "");
    this.rail();
    this.forget();
    if (sweep) void this.sweep.open(sweep, (config) => agrees(config, sweepConfig(this.state, this.catalog, Number(this.state.points), Number(config.train_steps) > 0)));
    this.ask(0);
  }

  /** @param {string | null} [language] */
  url(language) {
    const { places, runs } = this.dots;
    const hash = addressed(serialise(this.state, this.catalog, { dots: places, runs, sweep: this.sweep.id, own: this.own, from: this.from }), language);
    return location.pathname + (hash && `#${hash}`);
  }

  /** The address over the one on show. @param {string | null} [language] */
  keep(language) {
    address.flush();
    history.replaceState(null, "", this.url(language));
  }

  /** @param {boolean} back whether the address before stays behind this one */
  moved(back) {
    if (back) address.push(this.url());
    else this.keep();
    this.draw();
  }

  // ---- the network and the axes -----------------------------------------------------------------------------------

  rail() {
    const name = `${ACTIVATION}.name`, labels = Object.fromEntries(this.catalog.choices[ACTIVATION].entries.map((card) => [card.name, card.label]));
    const words = Object.fromEntries(COLOURS.map((colour) => [colour, t(`phase.colour.${colour}`)]));
    this.controls = fieldsOf(this.catalog, this.state[name]).map((field) => fieldControl(
      named(field), (path, value, committed) => this.change(path, value, committed), field.path === name ? labels : field.path === "colour" ? words : {}));
    byId("controls").replaceChildren(el("div", { class: "section" }, ...this.controls.map(({ element }) => element)));
    for (const control of this.controls) control.show(this.state);
  }

  /** @param {string} path @param {Value | undefined} value @param {boolean} [committed] whether a drag is over */
  change(path, value, committed = true) {
    if (value === undefined) return;
    if (this.state[path] !== value) this.set(path, value);
    address.moved(this.url(), committed);
  }

  /** @param {string} path @param {Value} value */
  set(path, value) {
    const before = this.trains();
    this.state = { ...this.state, [path]: value };
    if (path === `${ACTIVATION}.name`) this.state = { ...parse(`#${serialise(this.state, this.catalog, {})}`, this.catalog).state };
    if (before !== this.trains()) this.dots.untrain();
    if (path !== "colour") this.forget();
    if (path === `${ACTIVATION}.name`) this.rail();
    if (path === "colour") return this.draw();
    this.ask();
  }

  /** What is trained at a dot, as text. */
  trains() { return JSON.stringify(trainedConfig(this.state, this.catalog, [1, 0])); }

  /** Another map: what was measured of the old one goes. */
  forget() {
    this.sweep.drop();
    this.dots.forget();
  }

  // ---- theory's map and the measured one --------------------------------------------------------------------------

  ask(pause = PAUSE_MS) {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.theory(), pause);
  }

  async theory() {
    this.asking.abort();
    this.asking = new AbortController();
    const { state, asking: { signal } } = this;
    const found = await answered(() => api.sweepTheory(sweepConfig(state, this.catalog, THEORY_POINTS), signal), this.map ? "notice.refused" : "phase.impossible");
    if (!found && !signal.aborted && !this.map) tellNone();
    if (!found || signal.aborted) return;
    Object.assign(this, { map: found, mapped: state });
    this.draw();
    this.dots.look();
  }

  async measure() {
    const detail = unreadable(this.controls);
    if (detail) return urgent("refused", t("notice.action_failed", { detail }));
    const trained = this.state.colour === "loss", { generation } = this.dots;
    this.sweep.drop();
    if (this.state.colour === "theory") this.change("colour", "measured");
    const record = await answered(() => api.createSweep(sweepConfig(this.state, this.catalog, Number(this.state.points), trained)));
    if (!record || generation !== this.dots.generation) return;
    this.rail();
    this.sweep.follow(record.id);
    this.keep();
  }

  async cancel() {
    await answered(() => api.cancelSweep(this.sweep.id));
  }

  /** The map on show, or the critical line, as a table for programs. @param {"map" | "line"} what */
  save(what) {
    if (!this.map) return;
    const sheet = what === "line" ? lineTable(this.map, EXACT) : mapTable({ map: this.map, rows: this.sweep.rows, colour: String(this.state.colour) }, EXACT);
    save(`${fileName(`phase-${what}`)}.csv`, csv(sheet), "text/csv");
  }

  // ---- drawing ----------------------------------------------------------------------------------------------------

  draw() {
    const { map, mapped, state } = this;
    if (!map) return;
    const dots = this.dots.drawn(), own = this.own && { w2: this.own[0], b2: this.own[1], text: t("phase.own_at", { dot: at(...this.own) }) };
    tellSweep(this.sweep, state);
    byId("map-csv").toggleAttribute("disabled", !isShown(this.sweep.rows, String(state.colour)));
    render(byId("plot"), () => {
      const drawn = figure({ theme: readTheme(), map, rows: this.sweep.rows, total: this.sweep.record?.steps_total ?? 0, colour: String(state.colour), dots, own });
      showLegend(byId("legend"), drawn);
      return drawn;
    }, (x, y) => this.dots.add(Number(x), Number(y)));
    tellTheory(map, mapped, this.catalog, (path, value) => { this.change(path, value); this.rail(); });
    setText(byId("own"), own ? `★ ${own.text}` : "");
    this.dots.show(dots);
    Object.assign(document.body.dataset, { ready: "true", rows: String(this.sweep.rows.length), dots: String(this.dots.measured.size), trained: String(dots.filter((dot) => dot.loss).length) });
  }
}
