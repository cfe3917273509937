/**
 * What the chosen layer's normalization holds, step by step: γ and β, which are learned, and batch normalization's running
 * statistics beside those of the batch.
 * @typedef {import("../types.js").Panel} Panel
 * @typedef {import("../types.js").View} View
 * @typedef {import("../types.js").Past} Past
 * @typedef {import("../types.js").Normalized} Normalized
 */
import { isFinite, number } from "../format.js";
import { t } from "../../i18n/index.js";
import { band, chosenLayer, faded, layout, line } from "./common.js";

/** The numbers of the panel, each a line: its key is that of its name. @type {{name: keyof Normalized, low?: keyof Normalized, high?: keyof Normalized}[]} */
const LINES = [
  { name: "gamma", low: "gamma_low", high: "gamma_high" }, { name: "beta", low: "beta_low", high: "beta_high" },
  { name: "running_mean_gap" }, { name: "running_variance_ratio" },
];

/** @param {View} view @returns {(frame: Past, name: keyof Normalized) => import("../types.js").Maybe} */
const reader = (view) => {
  const row = view.frame.layers.indexOf(chosenLayer(view));
  return (frame, name) => frame.normalization?.[name][row] ?? null;
};

/** Those that this normalization has. @param {View} view */
const present = (view) => LINES.filter(({ name }) => view.history.some((frame) => isFinite(reader(view)(frame, name))));

/** What training will show of the chosen layer's normalization: what it learns, and whether it remembers. @param {View} view */
function awaited(view) {
  const has = (/** @type {keyof Normalized} */ name) => isFinite(reader(view)(view.frame, name));
  const learned = has("beta") ? "both" : has("gamma") ? "gamma" : "", kinds = [learned, has("running_mean_gap") && "running"].filter(Boolean);
  return t(kinds.length ? `normalization.preview.${kinds.join("_")}` : "normalization.none");
}

/** @param {View} view */
function figure(view) {
  const { theme, history } = view, steps = history.map((frame) => frame.step), read = reader(view);
  const data = present(view).flatMap(({ name, low, high }) => {
    const colour = theme.series[LINES.findIndex((one) => one.name === name)], of = (/** @type {keyof Normalized} */ one) => history.map((frame) => read(frame, one));
    return [...(low && high ? [{ ...band("", steps, of(low), of(high), colour), showlegend: false, fillcolor: faded(colour, 0.16) }] : []),
      line(t(`normalization.${name}`), steps, of(name), colour)];
  });
  const now = { type: "line", xref: "x", yref: "paper", x0: view.frame.step, x1: view.frame.step, y0: 0, y1: 1, line: { color: theme.muted, width: 1, dash: "dot" } };
  return { data, layout: layout(theme, { xaxis: { title: t("axis.step"), rangemode: "tozero" }, yaxis: { title: t("normalization.axis") }, shapes: [now] }) };
}

/** @param {View} view @returns {[string, string][]} */
function facts(view) {
  const read = reader(view), { frame } = view;
  return [[t("axis.layer_short"), String(chosenLayer(view))], ...present(view).map(({ name, low, high }) => /** @type {[string, string]} */ ([t(`normalization.${name}`),
    low && high ? `${number(read(frame, name))} (${number(read(frame, low))} … ${number(read(frame, high))})` : number(read(frame, name), 4)]))];
}

/** @type {Panel} */
export const normalization = {
  id: "normalization",
  size: "wide",
  absent: (view) => !view.frame.normalization,
  empty: (view) => (view.preview || view.history.length < 2 ? awaited(view) : present(view).length ? null : t("normalization.none")),
  figure,
  facts,
  caption: (view) => (present(view).some(({ name }) => name === "running_mean_gap") ? t("normalization.words") : ""),
  table: (view, words) => ({
    head: [t("axis.step"), ...present(view).map(({ name }) => t(`normalization.${name}`))],
    rows: view.history.map((frame) => [frame.step, ...present(view).map(({ name }) => words.number(reader(view)(frame, name), 4))]),
  }),
};
