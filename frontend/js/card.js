/**
 * A panel on the page: title, options, plot, sentence, numbers, and the table behind the plot.
 * @typedef {import("./types.js").BaseView} BaseView
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").Option} Option
 * @typedef {import("./types.js").Value} Value
 */
import { image, render } from "./charts.js";
import { csv } from "./csv.js";
import { el, setContents, setText, sheetTable } from "./dom.js";
import { fileName, save } from "./files.js";
import { EXACT, READABLE } from "./format.js";
import { showLegend } from "./legend.js";
import { optionControl } from "./options.js";
import { t } from "../i18n/index.js";

/** @typedef {{options: Option[], choose: (path: string, value: Value) => void}} CardActions */

/** @template {BaseView} [V=View] */
export class Card {
  /** @param {import("./types.js").Panel<V>} panel @param {CardActions} actions */
  constructor(panel, actions) {
    this.panel = panel;
    this.actions = actions;
    this.title = t(`panel.${panel.id}`);
    /** @type {V | null} */
    this.view = null;
    this.options = (panel.options ?? []).map((path) => optionControl(/** @type {Option} */ (actions.options.find((one) => one.path === path)), actions.choose));
    this.plot = el("div", { class: "plot", ...(panel.selects ? { tabindex: 0, role: "application", "aria-label": `${this.title}. ${t("help.layer")}` } : { role: "figure", "aria-label": this.title }) });
    this.message = el("p", { class: "empty", hidden: true });
    this.caption = el("p", { class: "caption" });
    this.summary = el("summary", {});
    this.sentences = el("ul", {});
    this.notes = el("details", { class: "notes", hidden: true }, this.summary, this.sentences);
    this.legend = el("ul", { class: "legend" });
    this.facts = el("dl", { class: "facts", hidden: true });
    this.sheet = el("div", { class: "sheet", hidden: true, tabindex: 0, role: "region", "aria-label": `${this.title}: ${t("action.table")}` });
    this.exact = el("p", { class: "exact", hidden: true }, el("button", { type: "button", class: "quiet", text: t("action.csv"), onclick: () => this.saveTable() }), el("span", { text: t("card.exact") }));
    this.toggle = el("button", { type: "button", class: "quiet toggle", "aria-pressed": "false", text: t("action.table"), onclick: () => this.flip() });
    this.element = this.build();
    if (panel.selects) this.plot.addEventListener("keydown", (event) => this.walk(event));
  }

  build() {
    const { panel } = this, head = el("header", {},
      el("h2", { id: `title-${panel.id}`, text: this.title }),
      el("span", { class: "hint", tabindex: 0, role: "note", "aria-label": t(`help.panel.${panel.id}`), text: "?" }, el("span", { class: "tip", "aria-hidden": "true", text: t(`help.panel.${panel.id}`) })),
      el("div", { class: "options" }, ...this.options.map((option) => option.element)), this.toggle);
    return el("section", { class: `card card-${panel.id} ${panel.size ?? ""}`, "data-testid": `panel-${panel.id}`, "aria-labelledby": `title-${panel.id}` },
      head, this.legend, el("div", { class: "body" }, this.plot, this.facts, this.message, this.sheet),
      el("div", { class: "below" }, this.exact, this.caption, this.notes));
  }

  /** @param {V} view */
  show(view) {
    this.view = view;
    this.element.hidden = this.panel.absent?.(view) ?? false;
    if (this.element.hidden) return;
    const sentence = this.panel.empty?.(view) ?? null, tabled = this.toggle.getAttribute("aria-pressed") === "true";
    for (const option of this.options) option.show(view);
    setText(this.message, sentence ?? "");
    this.message.hidden = sentence === null;
    this.toggle.hidden = sentence !== null;
    this.plot.hidden = this.legend.hidden = sentence !== null || tabled;
    this.sheet.hidden = this.exact.hidden = sentence !== null || !tabled;
    setText(this.caption, sentence === null ? (this.panel.caption?.(view) ?? "") : "");
    this.showNotes(sentence === null ? (this.panel.notes?.(view) ?? []) : []);
    this.showFacts(sentence === null ? (this.panel.facts?.(view) ?? []) : []);
    if (sentence !== null) return;
    if (tabled) this.sheet.replaceChildren(sheetTable(this.panel.table(view, READABLE), this.title, this.panel.table(view, EXACT)));
    else render(this.plot, () => this.figure(view), this.panel.selects ? (x) => this.select(x) : null);
  }

  /** @param {V} view */
  figure(view) {
    const figure = this.panel.figure(view);
    showLegend(this.legend, figure);
    return figure;
  }

  /** @param {string[]} notes */
  showNotes(notes) {
    this.notes.hidden = !notes.length;
    setText(this.summary, t("card.more", { count: notes.length }));
    setContents(this.sentences, notes, () => notes.map((text) => el("li", { text })));
  }

  /** @param {[string, string][]} facts */
  showFacts(facts) {
    this.facts.hidden = !facts.length;
    setContents(this.facts, facts, () => facts.map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", { text: value }))));
  }

  /** The chart, or the table behind it. */
  flip() {
    const tabled = this.toggle.getAttribute("aria-pressed") !== "true";
    this.toggle.setAttribute("aria-pressed", String(tabled));
    this.toggle.textContent = t(tabled ? "action.chart" : "action.table");
    if (this.view) this.show(this.view);
  }

  saveTable() {
    if (this.view) save(`${fileName(this.panel.id)}.csv`, csv(this.panel.table(this.view, EXACT)), "text/csv");
  }

  /** The panel as it stands, as files: its picture, and its numbers. None where it has nothing to show. @returns {Promise<import("./zip.js").Entry[]>} */
  async files() {
    const { panel, view, title } = this;
    if (!view || panel.absent?.(view) || (panel.empty?.(view) ?? null) !== null) return [];
    const [png, svg] = [await image(panel.figure(view), title, "png"), await image(panel.figure(view), title, "svg")];
    return [{ name: `${panel.id}.png`, data: bytesOfBase64(png) }, { name: `${panel.id}.svg`, data: svg }, { name: `${panel.id}.csv`, data: csv(panel.table(view, EXACT)) }];
  }

  /** @param {number} x */
  select(x) {
    const { selects } = this.panel;
    if (this.view && selects) this.actions.choose(selects.option, selects.at(this.view, x));
  }

  /** @param {KeyboardEvent} event */
  walk(event) {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0, { selects } = this.panel;
    if (!by || !this.view || !selects) return;
    event.preventDefault();
    event.stopPropagation();
    this.actions.choose(selects.option, selects.beside(this.view, by));
  }
}

/** @param {string} text */
const bytesOfBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
