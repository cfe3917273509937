/**
 * Which trained weights a network is to start from, where its charts will be: those that the server has, a file from this machine, or,
 * where there are none yet, how to get some.
 */
import * as api from "./api.js";
import { byId, el } from "./dom.js";
import { number } from "./format.js";
import { titleOf } from "./menus.js";
import { nameOf, uploader } from "./weights.js";
import { t } from "../i18n/index.js";

const MOST = 12, MB = 1e6;

export class WeightsChoice {
  /** @param {(source: string) => void} choose */
  constructor(choose) {
    this.choose = choose;
    this.root = byId("weights-choice");
    this.list = el("div", { class: "sources" });
    this.error = el("p", { class: "error", role: "alert" });
    const [button, chooser] = uploader("weights-choice-file", choose, (message) => { this.error.textContent = message; });
    button.classList.remove("quiet");
    this.root.append(el("h2", { id: "weights-choice-title", text: t("weights.title") }), el("p", { text: t("weights.words") }), this.list, el("div", {}, button, chooser), this.error,
      el("p", { class: "muted", text: t("weights.keep") }));
  }

  hide() { this.root.hidden = true; }

  async show() {
    if (!this.root.hidden) return;
    this.root.hidden = false;
    this.error.textContent = "";
    this.list.replaceChildren();
    const known = await api.listWeights().catch((problem) => String(problem.detail ?? problem));
    if (typeof known === "string") return void (this.error.textContent = known);
    if (!known.length) return this.list.replaceChildren(el("p", { text: t("weights.none") }));
    const buttons = await Promise.all(known.slice(0, MOST).map((one) => this.source(one)));
    this.list.replaceChildren(...buttons, known.length > MOST ? el("p", { class: "muted", text: t("weights.more", { count: known.length - MOST }) }) : "");
  }

  /** @param {{source: string, bytes: number}} one */
  async source({ source, bytes }) {
    const name = nameOf(source), title = await titleOfRun(name);
    return el("button", { type: "button", onclick: () => this.choose(name) }, el("bdi", { text: title ?? name }),
      el("small", { text: [title && name.slice(0, 8), t("weights.size", { size: number(bytes / MB) })].filter(Boolean).join(" · ") }));
  }
}

const RUN = /^[0-9a-f]{16}(-[0-9a-f]+)?$/;

/** What the run is called that kept these weights; null for a file, and where the run is gone. @param {string} name @returns {Promise<string | null>} */
const titleOfRun = async (name) => (RUN.test(name) ? api.getRun(name).then(titleOf).catch(() => null) : null);
