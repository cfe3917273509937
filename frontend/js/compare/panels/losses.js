/**
 * Losses and accuracies of all runs over each other: the loss above, the accuracy below, on the same steps.
 * @typedef {import("../../types.js").Comparison} Comparison
 * @typedef {import("../../types.js").Member} Member
 * @typedef {import("../../types.js").Maybe} Maybe
 */
import { isFinite, number, orNone, percent, positive } from "../../format.js";
import { thinned } from "../../frames.js";
import { axis, layout, logAxis, stepAxis, stepsOfEpoch } from "../../panels/common.js";
import { t } from "../../../i18n/index.js";
import { cell, seriesTraces } from "./common.js";

const POINTS = 1500;
/** A run whose loss is so many times that of the next one is left to go beyond the picture, or it would flatten all others. */
const FAR = 1000, ROOM = 1.5;
const UPPER = [0.42, 1], LOWER = [0, 0.34];

/** @param {Comparison} view */
function figure(view) {
  const log = Boolean(view.options["view.loss_log"]), shown = log ? positive : (/** @type {Maybe} */ value) => value;
  const at = (/** @type {(frame: import("../../types.js").Past) => Maybe} */ of) =>
    (/** @type {Member} */ { history }) => ({ x: history.map((frame) => frame.step), y: history.map(of) });
  const train = (/** @type {Member} */ { curve }) => { const { steps, values } = thinned(curve, POINTS); return { x: steps, y: values.map(shown) }; };
  const data = view.series.flatMap((series) => [
    ...seriesTraces(series, train, { mode: "lines", width: 1.8, ...(series.label ? { name: `${series.letter} · ${series.label}` } : {}) }),
    ...dashed(seriesTraces(series, at((frame) => shown(frame.validation_loss)), { dash: "dash", width: 1.2, mode: "lines" })),
    ...below(seriesTraces(series, at((frame) => frame.accuracy), { mode: "lines", width: 1.8 })),
    ...below(seriesTraces(series, at((frame) => frame.validation_accuracy), { dash: "dash", width: 1.2, mode: "lines" })),
  ]);
  const losses = view.series.flatMap(({ members }) => members.flatMap(({ curve }) => curve.values)), { top } = reach(view);
  const loss = log ? logAxis(t("axis.loss"), losses.filter((value) => value === null || value <= top)) : { title: t("axis.loss"), ...(top < Infinity ? { range: [0, top] } : { rangemode: "tozero" }) };
  return { data, layout: layout(view.theme, {
    xaxis: { ...stepAxis(epochOf(view), lastOf(view)), anchor: "y2" }, yaxis: { ...loss, domain: UPPER },
    yaxis2: { ...axis(view.theme, { title: t("axis.accuracy"), range: [0, 1.02], tickformat: ".0%" }), domain: LOWER }, shapes: [cursor(view)],
  }) };
}

/** Up to where losses are drawn, and which runs go beyond. @param {Comparison} view @returns {{top: number, beyond: string[]}} */
export function reach({ series }) {
  const most = (/** @type {Maybe[]} */ values) => values.reduce((/** @type {number} */ high, value) => Math.max(high, value ?? 0), 0);
  const highest = series.map(({ letter, members }) => ({ letter, most: most(members.flatMap(({ curve, history }) =>
    [...curve.values, ...history.map((frame) => frame.validation_loss)])) })).sort((a, b) => a.most - b.most);
  const gap = highest.findIndex(({ most }, index) => most > 0 && (highest[index + 1]?.most ?? 0) > FAR * most);
  return gap < 0 ? { top: Infinity, beyond: [] } : { top: ROOM * highest[gap].most, beyond: highest.slice(gap + 1).map(({ letter }) => letter).sort() };
}

/** Steps of an epoch where all runs have the same. @param {Comparison} view */
function epochOf({ series }) {
  const [first, ...others] = series.flatMap(({ members }) => members.map(({ record }) => stepsOfEpoch(record)));
  return others.every((one) => one === first) ? first : null;
}

/** @param {Comparison} view */
const lastOf = ({ series }) => series.reduce((last, { members }) => members.reduce((most, { history }) => Math.max(most, history.at(-1)?.step ?? 0), last), 0);

/** @param {Record<string, any>[]} traces */
const dashed = (traces) => traces.map((trace) => ({ ...trace, showlegend: false }));
/** @param {Record<string, any>[]} traces */
const below = (traces) => dashed(traces).map((trace) => ({ ...trace, yaxis: "y2" }));

/** @param {Comparison} view */
const cursor = ({ step, theme }) => ({
  type: "line", xref: "x", yref: "paper", x0: step, x1: step, y0: 0, y1: 1, line: { color: theme.muted, width: 1, dash: "dot" },
});

/** Nothing to draw before there are two steps: the losses in words. @param {Comparison} view */
function empty({ series }) {
  const curves = series.flatMap(({ members }) => members.map(({ curve }) => curve.values));
  if (!curves.some((values) => values.some(isFinite))) return t("compare.no_loss");
  if (curves.some((values) => values.length > 1)) return null;
  const losses = series.map(({ letter, members }) => `${letter} ${members.map(({ curve }) => number(curve.values[0] ?? null)).join(", ")}`);
  return t("compare.untrained", { losses: losses.join(" · ") });
}

/** @param {Comparison} view */
const validated = ({ series }) => series.some(({ members }) => members.some(({ history }) => history.some((frame) => isFinite(frame.validation_loss))));

/** @param {Comparison} view */
function beyond(view) {
  const { beyond: letters } = reach(view);
  return letters.length ? [t("compare.beyond", { letters: letters.join(", ") })] : [];
}

/** @param {Comparison} view */
const caption = (view) => [...(validated(view) ? [t("compare.dashed")] : []), ...beyond(view), ...view.series.filter(({ members }) => members.length > 1).slice(0, 1).map(() => t("compare.band"))].join(t("words.between"));

/** @type {import("../../types.js").Panel<Comparison>} */
export const losses = {
  id: "losses",
  size: "full",
  options: ["view.loss_log"],
  empty,
  figure,
  caption,
  table: (view, numbers) => ({
    head: [t("compare.run"), t("axis.step"), t("loss.train"), t("loss.validation"), t("loss.train_accuracy"), t("loss.validation_accuracy")],
    rows: view.series.map(({ letter, members }) => {
      const of = (/** @type {(frame: import("../../types.js").Frame) => Maybe} */ get) => members.map(({ frame }) => (frame ? get(frame) : null));
      const held = (/** @type {(frame: import("../../types.js").Frame) => Maybe} */ get, /** @type {(x: unknown) => string} */ words) =>
        (members.some(({ history }) => history.some((frame) => isFinite(frame.validation_loss))) ? cell(of(get), words) : "–");
      return [letter, members[0].frame?.step ?? "–", cell(of((frame) => frame.loss), (x) => numbers.number(x, 4)), held((frame) => frame.validation_loss, (x) => numbers.number(x, 4)),
        cell(of((frame) => frame.accuracy), numbers.percent), held((frame) => frame.validation_accuracy, numbers.percent)];
    }),
  }),
};
