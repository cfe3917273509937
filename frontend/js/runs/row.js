/**
 * One run in the list: a tick, a picture, its title, what became of it, and what can be done with it.
 * @typedef {import("../types.js").RunRecord} RunRecord
 * @typedef {{tick: (id: string, ticked: boolean) => void, rename: (id: string, title: string) => Promise<boolean>, pin: (id: string, pinned: boolean) => void, remove: (id: string) => void}} Actions
 */
import { el, setText } from "../dom.js";
import { integer } from "../format.js";
import { runName, titleOf, when } from "../menus.js";
import { worstFirst } from "../verdict.js";
import { said, t } from "../../i18n/index.js";

const MAX_TITLE = 120;

export class RunRow {
  /** @param {RunRecord} run @param {Actions} actions */
  constructor(run, actions) {
    this.run = run;
    this.actions = actions;
    this.tick = el("input", { type: "checkbox", "data-testid": `tick-${run.id}`, onchange: () => actions.tick(run.id, this.tick.checked) });
    this.picture = el("canvas", { width: 1, height: 1, role: "img" });
    this.title = el("bdi", {});
    this.link = el("a", { href: run.url, class: "name" }, this.title);
    this.name = el("span", { class: "muted" });
    this.state = el("span", {});
    this.rename = el("button", { type: "button", class: "quiet", text: t("runs.rename"), onclick: () => this.edit() });
    this.pin = el("button", { type: "button", class: "quiet", text: t("runs.pin"), title: t("runs.pin_help"), "data-testid": `pin-${run.id}`, onclick: () => actions.pin(run.id, !this.run.pinned) });
    this.remove = el("button", { type: "button", class: "quiet", text: t("runs.delete"), onclick: () => actions.remove(run.id) });
    this.head = el("div", { class: "run-head" }, this.link);
    this.element = el("li", { class: "run", "data-testid": `row-${run.id}` },
      el("label", { class: "tick" }, this.tick, el("span", { class: "visually-hidden", text: t("runs.tick") })), this.picture,
      el("div", { class: "words" }, this.head, el("p", {}, this.name, " ", this.state), el("p", { class: "muted" }, when(run.created_at), " · ", run.id)),
      el("div", { class: "run-actions" }, this.rename, this.pin, this.remove));
    this.show(run, false, false);
  }

  /** @param {RunRecord} run @param {boolean} ticked @param {boolean} full whether no more can be ticked */
  show(run, ticked, full) {
    this.run = run;
    const title = titleOf(run), [worst] = worstFirst(run.findings ?? []);
    setText(this.title, title);
    setText(this.name, run.title ? runName(run.config) : "");
    this.state.replaceChildren(...[t(`status.${run.status}`), t("status.step", { done: integer(run.steps_done), total: integer(run.steps_total) }), worst && said(worst, "title")]
      .filter(Boolean).flatMap((text, index) => [index ? " · " : "", String(text)]));
    this.element.dataset.status = run.status;
    this.pin.setAttribute("aria-pressed", String(Boolean(run.pinned)));
    this.tick.checked = ticked;
    this.tick.disabled = full && !ticked;
    this.tick.setAttribute("aria-label", t("runs.tick_one", { title }));
    this.picture.setAttribute("aria-label", t("runs.picture", { title }));
    for (const [button, key] of /** @type {[HTMLElement, string][]} */ ([[this.rename, "runs.rename"], [this.pin, "runs.pin"], [this.remove, "runs.delete"]])) button.setAttribute("aria-label", `${t(key)}: ${title}`);
  }

  /** The title as a field; Enter keeps what is written, Escape leaves it. */
  edit() {
    const field = el("input", { type: "text", dir: "auto", maxlength: MAX_TITLE, value: this.run.title ?? "", placeholder: runName(this.run.config), "aria-label": t("runs.title_field"),
      "data-testid": "title-field" });
    const end = () => { this.head.replaceChildren(this.link); this.rename.focus(); };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") end();
      if (event.key === "Enter") void this.actions.rename(this.run.id, field.value).then((kept) => kept && end());
    });
    field.addEventListener("change", () => { if (field.isConnected && document.activeElement !== field) void this.actions.rename(this.run.id, field.value).then((kept) => kept && end()); });
    this.head.replaceChildren(field);
    field.focus();
    field.select();
  }
}
