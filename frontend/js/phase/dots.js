/**
 * The dots that clicks leave: what was measured of the network at each, the runs that trained some of them, and a line of words for each.
 * @typedef {import("../types.js").Catalog} Catalog
 * @typedef {import("../types.js").State} State
 * @typedef {import("./figure.js").Dot} Dot
 * @typedef {{state: () => State, moved: (back: boolean) => void, changed: () => void}} Page what it is asked, and told: the address is another one (`back`: and the one before stays behind it)
 */
import * as api from "../api.js";
import { byId, el, setContents, setText } from "../dom.js";
import { integer, number } from "../format.js";
import { fromConfig, serialise as configHash } from "../state.js";
import { addressed, t } from "../../i18n/index.js";
import { answered } from "./answered.js";
import { pointConfig, trainedConfig } from "./state.js";
import { Trained } from "./trained.js";

const DIGITS = 4;

export class Dots {
  /** @param {Catalog} catalog @param {Page} page */
  constructor(catalog, page) {
    this.catalog = catalog;
    this.page = page;
    /** @type {[number, number][]} */
    this.places = [];
    /** What was measured at a place, in words. @type {Map<string, string>} */
    this.measured = new Map();
    this.trained = new Trained(page.changed);
    this.generation = 0;
    /** Lines stay the elements they are, so that whoever is at a button of one stays there. @type {Map<string, HTMLElement>} */
    this.lines = new Map();
  }

  get runs() { return this.trained.runs; }

  /** These dots and no others. @param {[number, number][]} places @param {Map<string, string>} runs */
  follow(places, runs) {
    this.places = places;
    this.trained.follow(runs);
  }

  /** Of another network: what was measured goes, and what is still on its way. */
  forget() {
    this.generation += 1;
    this.measured.clear();
  }

  /** Looks at those that nobody has looked at. */
  look() { for (const place of this.places) if (!this.measured.has(place.join(","))) void this.measure(place); }

  /** A click leaves a dot and looks at the network there. @param {number} w2 @param {number} b2 */
  add(w2, b2) {
    const place = /** @type {[number, number]} */ ([Number(w2.toPrecision(DIGITS)), Number(Math.max(0, b2).toPrecision(DIGITS))]);
    if (this.places.some(([w, b]) => w === place[0] && b === place[1])) return;
    this.places = [...this.places, place];
    this.page.moved(true);
    void this.measure(place);
  }

  /** @param {[number, number]} place */
  async measure(place) {
    const { generation } = this;
    const answer = await answered(() => api.preview(pointConfig(this.page.state(), this.catalog, place), new AbortController().signal), "phase.dot_refused", { dot: at(...place) });
    if (!answer || generation !== this.generation || !this.places.includes(place)) return;
    const { frame } = answer, hidden = frame.layers.length - 2;
    this.measured.set(place.join(","), t("phase.dot_text", {
      q: number(frame.quantities.preactivation.mean_square[hidden]), c: number(frame.correlation?.[hidden]), loss: number(frame.loss) }));
    this.page.changed();
  }

  /** One that is no longer wanted. @param {string} key */
  remove(key) {
    this.places = this.places.filter((place) => place.join(",") !== key);
    this.measured.delete(key);
    this.trained.drop(key);
    this.page.moved(true);
  }

  /** Trains the network at a dot, which then bears the loss reached. @param {[number, number]} place */
  async train(place) {
    const key = place.join(","), config = trainedConfig(this.page.state(), this.catalog, place);
    if (this.trained.has(key)) return;
    const record = await answered(() => api.createRun(config), "notice.train_failed");
    if (!record || JSON.stringify(config) !== JSON.stringify(trainedConfig(this.page.state(), this.catalog, place))) return;
    this.trained.add(key, record.id);
    this.page.moved(false);
  }

  trainNewest() {
    const newest = this.places.at(-1);
    if (newest) void this.train(newest);
  }

  /** Another network, which nobody has trained. */
  untrain() { this.trained.follow(new Map()); }

  /** @returns {Dot[]} */
  drawn() {
    return this.places.map(([w2, b2]) => ({ w2, b2, text: at(w2, b2) + (this.measured.get(`${w2},${b2}`) ?? ""), ...this.trained.reached(`${w2},${b2}`) }));
  }

  /** @param {Dot[]} dots */
  show(dots) {
    this.lines = new Map(dots.map(({ w2, b2 }) => [`${w2},${b2}`, this.lines.get(`${w2},${b2}`) ?? this.line(w2, b2)]));
    setContents(byId("dots"), [...this.lines.keys()], () => [...this.lines.values()]);
    for (const dot of dots) this.tell(dot);
  }

  /** @param {number} w2 @param {number} b2 */
  line(w2, b2) {
    const away = t("phase.remove", { dot: at(w2, b2) });
    return el("div", { class: "dot-line" }, el("p", { class: "dot-words" }, el("span", {}), el("span", { class: "dot-trained" }), el("span", { class: "dot-ways" })),
      el("button", { type: "button", class: "quiet", "data-testid": "dot-remove", text: "✕", "aria-label": away, title: away, onclick: () => this.remove(`${w2},${b2}`) }));
  }

  /** @param {Dot} dot */
  tell({ w2, b2, text }) {
    const key = `${w2},${b2}`, state = this.page.state(), config = pointConfig(state, this.catalog, [w2, b2]);
    const [words, reached, ways] = /** @type {HTMLElement[]} */ ([.../** @type {HTMLElement} */ (this.lines.get(key)?.firstElementChild).children]);
    setText(words, text);
    setText(reached, this.trained.words(key));
    const run = this.trained.url(key), href = `/#${addressed(configHash(fromConfig(config, this.catalog), this.catalog))}`, steps = integer(Number(state.train_steps));
    const here = ways.contains(document.activeElement);
    setContents(ways, [run, href, steps], () => [
      run ? el("a", { href: `${run}${addressed("") ? `#${addressed("")}` : ""}`, text: t("phase.open_run") })
        : el("button", { type: "button", "data-testid": "dot-train", text: t("phase.train", { steps }), onclick: () => void this.train([w2, b2]) }),
      el("a", { href, text: t("phase.open") })]);
    if (here && !ways.contains(document.activeElement)) ways.querySelector("a")?.focus();
  }
}

/** @param {number} w2 @param {number} b2 */
export const at = (w2, b2) => t("phase.dot", { w2: number(w2), b2: number(b2) });
