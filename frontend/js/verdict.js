/**
 * What is wrong with the network, in words: the worst finding as headline (that it is well, or will not train, where there are but notes), the
 * others under it; without findings a sentence that the frame itself gives.
 * @typedef {import("./types.js").Finding} Finding
 * @typedef {import("./types.js").Frame} Frame
 * @typedef {import("./types.js").Maybe} Maybe
 */
import { el } from "./dom.js";
import { isFinite, nonFinite, number, root } from "./format.js";
import { copy } from "./notices.js";
import { said, t } from "../i18n/index.js";

/** A network that is well and bears a note is well: that comes first, unless it is foretold that it will not train. */
const ORDER = ["critical", "warning", "trouble", "ok", "note"];

/** @param {Finding} finding */
const severity = (finding) => finding.severity ?? "note";

/** @param {Finding} finding */
const rank = (finding) => ORDER.indexOf(foretellsTrouble(finding) ? "trouble" : severity(finding));

/** A prediction that has been scored bears the limit it was scored by, or the loss that came. @param {Finding} finding */
const isScored = ({ measured, threshold }) => measured != null || threshold != null;

/** @param {Finding} finding */
const foretellsTrouble = (finding) => finding.rule === "prediction" && severity(finding) === "note" && !isScored(finding);

/** The worst first, as the page shows them. @param {Finding[]} findings */
export const worstFirst = (findings) => [...findings].sort((a, b) => rank(a) - rank(b));

/** @param {HTMLElement} root @param {Finding[]} findings @param {Frame | null} frame @param {(config: Record<string, unknown>) => void} apply */
export function showVerdict(root, findings, frame, apply) {
  const [worst, ...others] = worstFirst(findings), key = JSON.stringify([findings, worst ? 0 : frame && sentences(frame)]);
  if (root.dataset.shown === key) return;
  const opened = new Set([...root.querySelectorAll("details")].filter((one) => one.open).map((one) => one.dataset.of));
  root.dataset.shown = key;
  root.dataset.severity = worst ? severity(worst) : "plain";
  const [predictions, found] = [true, false].map((is) => others.filter(({ rule }) => (rule === "prediction") === is));
  root.replaceChildren(...(worst ? [headline(worst, apply), ...predictions.map(foretold), ...more(found, apply)]
    : [el("p", { class: "plain", text: frame ? sentences(frame) : t("verdict.empty") })]));
  for (const one of root.querySelectorAll("details")) one.open = opened.has(one.dataset.of);
}

/** @param {Finding} finding @param {(config: Record<string, unknown>) => void} apply */
function headline(finding, apply) {
  const { config } = finding, [title, ...texts] = ["title", "cause", "outcome", "remedy"].map((field) => said(finding, field));
  const words = texts.filter(Boolean).join(t("words.between"));
  return el("div", { class: `finding ${severity(finding)}` },
    el("span", { class: "badge", text: t(`verdict.severity.${severity(finding)}`) }),
    el("div", { class: "words" }, el("p", { class: "headline", text: title ?? "" }), words && el("p", { text: words }), evidence(finding), pytorch(finding)),
    config && el("button", { type: "button", class: "primary", text: t("action.apply"), onclick: () => apply(config) }));
}

/** Whether it will train, and why, and afterwards whether that was right: in sight below whatever is worst. What came has its line from the
 * start, so that no chart moves when a run is over. @param {Finding} finding */
const foretold = (finding) => el("div", { class: "foretold" },
  el("p", {}, el("strong", { text: stopped(said(finding, "title") ?? "") }), ` ${said(finding, "cause") ?? ""}`),
  el("p", { text: said(finding, "outcome") || (isScored(finding) ? "" : t("verdict.later")) }));

/** A title that stands before a sentence. @param {string} title */
const stopped = (title) => (title.endsWith(t("words.stop")) ? title : title + t("words.stop"));

/** What the remedy changes as lines of PyTorch, to be copied. The verdict speaks when it changes; the lines are read where somebody goes to them.
 * @param {Finding} finding */
function pytorch({ pytorch: lines, rule }) {
  if (!lines) return null;
  const code = el("code", { text: lines }), shown = el("pre", { tabindex: "0", role: "group", "aria-label": t("verdict.pytorch"), lang: "en" }, code);
  const button = el("button", { type: "button", class: "quiet", text: t("verdict.copy"), onclick: () => void copy(code, t("verdict.copied")) });
  return el("details", { class: "pytorch", "data-of": rule ?? "", "aria-live": "off" }, el("summary", { text: t("verdict.pytorch") }), shown, button);
}

/** @param {Finding[]} others @param {(config: Record<string, unknown>) => void} apply */
function more(others, apply) {
  if (!others.length) return [];
  const summary = t("verdict.more", { count: others.length });
  return [el("details", { class: "more", "data-of": "more" }, el("summary", { text: summary }), ...others.map((finding) => headline(finding, apply)))];
}

/** The numbers that a finding rests on. @param {Finding} finding */
function evidence(finding) {
  const parts = /** @type {[string, unknown][]} */ ([["measured", finding.measured], ["threshold", finding.threshold], ["theory", finding.theory]])
    .filter(([, value]) => typeof value === "number" || typeof value === "string")
    .map(([name, value]) => t(`verdict.${name}`, { value: typeof value === "number" ? number(value) : value }).replaceAll(" ", "\u00a0"));
  if (finding.layers?.length) parts.unshift(t("verdict.layers", { count: finding.layers.length, layers: spans(finding.layers) }));
  return parts.length ? el("p", { class: "evidence", text: parts.join(" · ") }) : null;
}

/** 1, 2, 3, 7 -> "1–3, 7". @param {number[]} layers */
export function spans(layers) {
  /** @type {[number, number][]} */
  const out = [];
  for (const layer of layers) {
    const last = out[out.length - 1];
    if (last && layer === last[1] + 1) last[1] = layer;
    else out.push([layer, layer]);
  }
  const shown = out.slice(0, 4).map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  return shown.join(", ") + (out.length > 4 ? ", …" : "");
}

/** What the frame says by itself: how signal and gradient change with depth. @param {Frame} frame */
export function sentences(frame) {
  const { activation, preactivation_gradient: gradient, preactivation } = frame.quantities, last = Math.max(0, frame.layers.length - 2);
  const lost = preactivation ? preactivation.n.findIndex((_, row) => nonFinite(preactivation, row)) : -1;
  return [
    lost >= 0 ? t("verdict.lost", { layer: frame.layers[lost] }) : "",
    activation ? slope("activation", frame, root(activation.mean_square[0]), root(activation.mean_square[last]), 1) : "",
    gradient ? slope("gradient", frame, gradient.norm[0], gradient.norm[last], -1) : "",
  ].filter(Boolean).join(t("words.between"));
}

/** The output row is left out: its width is another one. @param {string} name @param {Frame} frame @param {Maybe} first @param {Maybe} last @param {1 | -1} direction */
function slope(name, frame, first, last, direction) {
  const from = frame.layers[0], depth = frame.layers[Math.max(0, frame.layers.length - 2)];
  const values = { first: number(first), last: number(last), depth };
  if (!isFinite(first) || !isFinite(last) || first <= 0 || last <= 0 || depth === from) return t(`verdict.${name}_broken`, values);
  return t(`verdict.${name}`, { ...values, factor: number((last / first) ** (direction / (depth - from))) });
}
