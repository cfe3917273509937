/**
 * A panel on the page: title, options, plot, sentence, numbers, and the table behind the plot.
 * @typedef {import("./types.js").Panel} Panel
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").Value} Value
 */
import { render } from "./charts.js";
import { el, setText, sheetTable } from "./dom.js";
import { legendOf } from "./legend.js";
import { optionControl } from "./options.js";
import { chosenLayer } from "./panels/common.js";
import { t } from "../i18n/index.js";

/** @typedef {{choose: (path: string, value: Value) => void}} CardActions */

export class Card {
  /** @param {Panel} panel @param {CardActions} actions */
  constructor(panel, actions) {
    this.panel = panel;
    this.actions = actions;
    this.title = t(`panel.${panel.id}`);
    this.options = (panel.options ?? []).map((path) => optionControl(path, actions.choose));
    this.plot = el("div", { class: "plot", ...(panel.selects ? { tabindex: 0, role: "application", "aria-label": `${this.title}. ${t("help.layer")}` } : { role: "img", "aria-label": this.title }) });
    this.message = el("p", { class: "empty", hidden: true });
    this.caption = el("p", { class: "caption" });
    this.legend = el("ul", { class: "legend" });
    this.facts = el("dl", { class: "facts", hidden: true });
    this.sheet = el("div", { class: "sheet", hidden: true, tabindex: 0, role: "region", "aria-label": `${this.title}: ${t("action.table")}` });
    this.toggle = el("button", { type: "button", class: "quiet", "aria-pressed": "false", text: t("action.table"), onclick: () => this.flip() });
    this.element = this.build();
    if (panel.selects) this.plot.addEventListener("keydown", (event) => this.walk(event));
  }

  build() {
    const { panel } = this, head = el("header", {},
      el("h2", { id: `title-${panel.id}`, text: this.title }),
      el("span", { class: "hint", tabindex: 0, role: "note", "aria-label": t(`help.panel.${panel.id}`), text: "?" }, el("span", { class: "tip", "aria-hidden": "true", text: t(`help.panel.${panel.id}`) })),
      el("div", { class: "options" }, ...this.options.map((option) => option.element), this.toggle));
    return el("section", { class: `card card-${panel.id} ${panel.size ?? ""}`, "data-testid": `panel-${panel.id}`, "aria-labelledby": `title-${panel.id}` },
      head, this.legend, el("div", { class: "body" }, this.plot, this.facts, this.message, this.sheet), this.caption);
  }

  /** @param {View} view */
  show(view) {
    this.view = view;
    const sentence = this.panel.empty?.(view) ?? null, tabled = this.toggle.getAttribute("aria-pressed") === "true";
    for (const option of this.options) option.show(view);
    setText(this.message, sentence ?? "");
    this.message.hidden = sentence === null;
    this.toggle.hidden = sentence !== null;
    this.plot.hidden = this.legend.hidden = sentence !== null || tabled;
    this.sheet.hidden = sentence !== null || !tabled;
    setText(this.caption, sentence === null ? (this.panel.caption?.(view) ?? "") : "");
    this.showFacts(sentence === null ? (this.panel.facts?.(view) ?? []) : []);
    if (sentence !== null) return;
    if (tabled) this.sheet.replaceChildren(sheetTable(this.panel.table(view), this.title));
    else render(this.plot, () => this.figure(view), this.panel.selects ? (x) => this.select(x) : null);
  }

  /** @param {View} view */
  figure(view) {
    const figure = this.panel.figure(view);
    this.legend.replaceChildren(...legendOf(figure));
    return figure;
  }

  /** @param {[string, string][]} facts */
  showFacts(facts) {
    this.facts.hidden = !facts.length;
    this.facts.replaceChildren(...facts.map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", { text: value }))));
  }

  /** The chart, or the table behind it. */
  flip() {
    const tabled = this.toggle.getAttribute("aria-pressed") !== "true";
    this.toggle.setAttribute("aria-pressed", String(tabled));
    this.toggle.textContent = t(tabled ? "action.chart" : "action.table");
    if (this.view) this.show(this.view);
  }

  /** The layer nearest to a place on the axis of depth; the one chosen already is let go. @param {number} x */
  select(x) {
    const layers = this.view?.frame.layers ?? [], nearest = layers.reduce((best, layer) => (Math.abs(layer - x) < Math.abs(best - x) ? layer : best), layers[0]);
    this.actions.choose("view.layer", this.view?.options["view.layer"] === nearest ? null : nearest);
  }

  /** @param {KeyboardEvent} event */
  walk(event) {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!by || !this.view) return;
    event.preventDefault();
    event.stopPropagation();
    this.actions.choose("view.layer", neighbour(this.view, by));
  }
}

/** The layer before or after the one chosen. @param {View} view @param {number} by */
export function neighbour(view, by) {
  const { layers } = view.frame, at = layers.indexOf(chosenLayer(view));
  return layers[Math.max(0, Math.min(layers.length - 1, at + by))];
}
