/**
 * One run of a comparison in words: its letter, name, state, numbers at the step on show, verdict, and what can be done with it.
 * @typedef {import("../types.js").Series} Series
 * @typedef {{apply: (config: Record<string, unknown>) => void, twin: (series: Series) => void, remove: (series: Series) => void,
 *            cancel: (series: Series) => void, overSeeds: (series: Series, count: number) => void}} Actions
 */
import { el, setText } from "../dom.js";
import { number, percent } from "../format.js";
import { LIVE, fetchWords } from "../status.js";
import { showVerdict, worstFirst } from "../verdict.js";
import { said, t } from "../../i18n/index.js";
import { cell } from "./panels/common.js";

const SEEDS = [1, 3, 5, 10, 20];

export class RunCard {
  /** @param {Series} series @param {Actions} actions */
  constructor(series, actions) {
    const button = (/** @type {string} */ key, /** @type {() => void} */ act) =>
      el("button", { type: "button", class: "quiet", text: t(key), "aria-label": `${t(key)} (${this.series.letter})`, onclick: act });
    this.series = series;
    this.actions = actions;
    this.state = el("p", { class: "muted" });
    this.verdict = el("div", { class: "verdict", "data-testid": `verdict-${series.letter}` });
    this.stop = button("action.cancel", () => actions.cancel(this.series));
    this.seeds = el("select", { "data-testid": `seeds-${series.letter}`, "aria-label": `${t("compare.over_seeds")} (${series.letter})`,
      onchange: () => actions.overSeeds(this.series, Number(this.seeds.value)) },
    ...SEEDS.map((count) => el("option", { value: count, text: t("compare.so_many_seeds", { count }) })));
    this.seeds.value = String(series.members.length);
    const href = series.members[0].record.url;
    this.agreed = el("p", { class: "muted" });
    this.badge = el("span", { class: "letter", text: series.letter });
    this.name = el("bdi", { text: series.name });
    this.element = el("article", { class: "compared-run", "data-testid": `run-${series.letter}`, "aria-label": `${series.letter}: ${series.name}` },
      el("header", {}, this.badge, el("a", { href, class: "name", title: series.name }, this.name),
        el("div", { class: "run-options" }, this.stop, this.seeds, button("compare.twin", () => actions.twin(this.series)), button("compare.remove", () => actions.remove(this.series)))),
      this.state, this.verdict, this.agreed);
  }

  /** @param {Series} series */
  show(series) {
    this.series = series;
    const { members } = series, [first] = members, live = members.filter(({ record }) => LIVE.includes(record.status));
    this.element.style.setProperty("--run", series.colour);
    this.stop.hidden = !live.length;
    setText(this.name, series.label ?? series.name);
    const { fetching } = first.record, waiting = fetching ? fetchWords(fetching) : live.length ? t("notice.waiting") : "";
    setText(this.state, [
      members.length > 1 ? t("compare.seeds", { count: members.length, over: members.length - live.length }) : t(`status.${first.record.status}`),
      first.frame ? t("compare.step", { step: first.frame.step, total: first.record.steps_total }) : waiting,
      first.frame ? t("compare.loss", { loss: cell(members.map(({ frame }) => frame?.loss ?? null), (x) => number(x)) }) : "",
      first.frame ? t("loss.accuracy_now", { accuracy: cell(members.map(({ frame }) => frame?.accuracy ?? null), percent) }) : "",
      first.frame && first.record.error ? said(first.record, "error") : "",
    ].filter(Boolean).join(" · "));
    setText(this.agreed, members.length > 1 ? agreement(members) : "");
    const { error, findings } = first.record;
    if (first.frame) showVerdict(this.verdict, findings ?? [], first.frame, this.actions.apply);
    else if (error) setText(this.verdict, said(first.record, "error"));
    this.verdict.hidden = !first.frame && !error;
  }
}

/** For how many seeds the first one's headline holds. @param {import("../types.js").Member[]} members */
function agreement(members) {
  const rules = members.map(({ record }) => worstFirst(record.findings ?? [])[0]?.rule), same = rules.filter((rule) => rule === rules[0]).length;
  return rules[0] ? t("compare.agreed", { seed: /** @type {any} */ (members[0].record.config).seed, same, count: members.length }) : "";
}
