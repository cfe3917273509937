/**
 * Twins: runs beside the one on show. A tray of the runs that somebody keeps; where a control was moved on a run's page, the
 * run just left stands ready beside the changed configuration.
 * @typedef {import("./types.js").RunRecord} RunRecord
 */
import { flush } from "./address.js";
import * as api from "./api.js";
import { MOST, compareUrl } from "./compare/state.js";
import { byId, el } from "./dom.js";
import { keep, kept, toggleKept } from "./kept.js";
import { titleOf } from "./menus.js";
import { toast } from "./notices.js";
import { t } from "../i18n/index.js";

const SEEDS = 5;

export class Twins {
  /** @param {{config: () => unknown, readable: () => boolean, submit: (config: unknown) => Promise<RunRecord | null>}} page the configuration on show,
   * and whether it is what stands in the controls; submit says what was refused */
  constructor(page) {
    this.page = page;
    /** The run that the configuration on show was changed from. @type {RunRecord | null} */
    this.origin = null;
    /** @type {RunRecord | null} */
    this.run = null;
    byId("twin").addEventListener("click", () => { if (page.readable()) void this.trainBeside(page.config(), this.beside()); });
    byId("seeds").addEventListener("click", () => void this.overSeeds());
    byId("keep").addEventListener("click", () => { if (this.run) toggleKept({ id: this.run.id, name: titleOf(this.run) }); this.show(this.run); });
  }

  /** What a new run would stand beside: the kept runs, and the one that was changed. @returns {string[][]} */
  beside() {
    const ids = [...kept().map(({ id }) => id), ...(this.origin ? [this.origin.id] : [])];
    return [...new Set(ids)].map((id) => id.split("~"));
  }

  /** Trains a configuration and shows it beside runs that there are. @param {unknown} config @param {string[][]} beside */
  async trainBeside(config, beside) {
    const record = await this.page.submit(config);
    if (record) go([...beside.filter((ids) => !ids.includes(record.id)).slice(0, MOST - 1), [record.id]]);
  }

  /** Apply and run: the mended configuration as a twin of what is on show, side by side. @param {unknown} mended */
  async apply(mended) {
    const first = this.run ?? (await this.page.submit(this.page.config()));
    if (first) await this.trainBeside(mended, [[first.id]]);
  }

  /** @param {RunRecord[]} runs @param {import("./types.js").State} view */
  together(runs, view) {
    if (runs.length) go(runs.map(({ id }) => [id]), view);
  }

  /** The run on show with more seeds, as one line with its band. */
  async overSeeds() {
    if (!this.run) return;
    try {
      const { runs } = await api.runOverSeeds(this.run.config, SEEDS);
      go([runs.map(({ id }) => id)]);
    } catch (error) {
      if (!(error instanceof api.Problem)) throw error;
      toast(t("notice.action_failed", { detail: error.detail }));
    }
  }

  /** @param {RunRecord | null} run the run on show; null while a configuration is */
  show(run) {
    this.run = run;
    if (run) this.origin = null;
    const entries = kept(), names = [...entries.map(({ name }) => name), this.origin && titleOf(this.origin)].filter(Boolean);
    const twin = byId("twin"), keeper = byId("keep");
    twin.hidden = run !== null || !names.length;
    twin.title = t("twin.beside", { names: [...new Set(names)].join(", ") });
    keeper.hidden = byId("seeds").hidden = run === null;
    keeper.setAttribute("aria-pressed", String(entries.some(({ id }) => id === run?.id)));
    this.tray(entries, run);
  }

  /** @param {import("./kept.js").Kept[]} entries @param {RunRecord | null} run */
  tray(entries, run) {
    const tray = byId("tray"), ids = [...new Set([...entries.map(({ id }) => id), ...(run ? [run.id] : [])])];
    const key = JSON.stringify([entries, run?.id]);
    tray.hidden = !entries.length;
    if (tray.dataset.shown === key) return;
    tray.dataset.shown = key;
    const chips = entries.map((entry) => el("span", { class: "chip" }, el("a", { href: `/runs/${entry.id.split("~")[0]}` }, el("bdi", { text: entry.name })),
      el("button", { type: "button", class: "quiet", text: "✕", "aria-label": t("twin.let_go", { name: entry.name }), onclick: () => { keep(kept().filter(({ id }) => id !== entry.id)); this.show(this.run); } })));
    tray.replaceChildren(el("span", { class: "muted", text: t("twin.kept") }), ...chips,
      ids.length > 1 && ids.length <= MOST ? el("a", { class: "button", "data-testid": "compare-button", href: compareUrl(ids.map((id) => id.split("~"))), text: t("twin.compare", { count: ids.length }) }) : "",
      ids.length > MOST ? t("compare.full", { most: MOST }) : "");
  }
}

/** To the comparison; what the address bar still waits for is written first. @param {string[][]} groups @param {import("./types.js").State} [view] */
function go(groups, view) {
  flush();
  location.assign(compareUrl(groups, view));
}
