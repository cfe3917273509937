/**
 * Training loss: every step's where it is known, validation at the frames, accuracy on an axis of its own.
 * @typedef {import("../types.js").Panel} Panel
 * @typedef {import("../types.js").View} View
 */
import { thinned } from "../frames.js";
import { isFinite, number, percent, positive } from "../format.js";
import { t } from "../../i18n/index.js";
import { axis, layout, line, logAxis, stepAxis } from "./common.js";

const POINTS = 2000;

/** @param {View} view */
function figure(view) {
  const { theme, history, options } = view, log = Boolean(options["view.loss_log"]), accuracy = Boolean(options["view.accuracy"]);
  const shown = log ? positive : (/** @type {number | null} */ value) => value;
  const curve = thinned(view.curve, POINTS), steps = history.map((frame) => frame.step), [train, validation] = theme.series;
  const validated = history.some((frame) => isFinite(frame.validation_loss)), differs = history.some((frame) => isFinite(frame.evaluation_loss));
  const data = [
    line(t("loss.train"), curve.steps, curve.values.map(shown), train, { mode: "lines", width: 1.6, cliponaxis: false }),
    ...(validated ? [line(t("loss.validation"), steps, history.map((frame) => shown(frame.validation_loss)), validation, { cliponaxis: false })] : []),
    ...(differs ? [line(t("loss.evaluation"), steps, history.map((frame) => shown(frame.evaluation_loss ?? null)), theme.series[2], { dash: "dash" })] : []),
    ...(accuracy ? accuracyLines(view, steps, validated) : []),
    now(view, shown(view.frame.loss)),
  ];
  const loss = log ? logAxis(t("axis.loss"), [...curve.values, ...history.flatMap((frame) => [frame.validation_loss, frame.evaluation_loss ?? null])]) : { title: t("axis.loss"), rangemode: "tozero" };
  const second = { ...axis(theme, { title: t("axis.accuracy"), range: [0, 1.02], tickvals: [0, 0.25, 0.5, 0.75, 1], tickformat: ".0%", showgrid: false }), overlaying: "y", side: "right" };
  return { data, layout: layout(theme, { xaxis: stepAxis(view.epoch, steps.at(-1) ?? 0), yaxis: loss, ...(accuracy ? { yaxis2: second } : {}), shapes: [cursor(view)] }) };
}

/** @param {View} view @param {number[]} steps @param {boolean} validated */
const accuracyLines = ({ theme, history }, steps, validated) => [
  line(t("loss.train_accuracy"), steps, history.map((frame) => frame.accuracy), theme.series[0], { yaxis: "y2", dash: "dot", width: 1.4 }),
  ...(validated ? [line(t("loss.validation_accuracy"), steps, history.map((frame) => frame.validation_accuracy), theme.series[1], { yaxis: "y2", dash: "dot", width: 1.4 })] : []),
];

/** @param {View} view @param {number | null} loss */
const now = (view, loss) => ({
  type: "scatter", mode: "markers", x: [view.frame.step], y: [loss], showlegend: false, hoverinfo: "skip",
  marker: { size: 8, color: view.theme.series[0], line: { color: view.theme.paper, width: 2 } },
});

/** @param {View} view */
const cursor = (view) => ({
  type: "line", xref: "x", yref: "paper", x0: view.frame.step, x1: view.frame.step, y0: 0, y1: 1, line: { color: view.theme.muted, width: 1, dash: "dot" },
});

/** Where the loss stopped being finite, and where it stands. @param {View} view */
function caption({ frame, curve }) {
  const lost = curve.values.findIndex((value) => value === null);
  const parts = [t("loss.now", { step: frame.step, loss: number(frame.loss) })];
  if (isFinite(frame.accuracy)) parts.push(t("loss.accuracy_now", { accuracy: percent(frame.accuracy) }));
  if (isFinite(frame.validation_accuracy)) parts.push(t("loss.validation_now", { accuracy: percent(frame.validation_accuracy) }));
  if (lost >= 0) parts.push(t("loss.lost", { step: curve.steps[lost] }));
  return parts.join(" · ");
}

/** @typedef {import("../types.js").Past} Past @typedef {import("../format.js").Words} Words */

const plain = (/** @type {unknown} */ x, /** @type {Words} */ words) => words.number(x), four = (/** @type {unknown} */ x, /** @type {Words} */ words) => words.number(x, 4);
const share = (/** @type {unknown} */ x, /** @type {Words} */ words) => words.percent(x);

/** The table's columns; those that no frame has a number for are left out. @type {{name: string, of: (frame: Past, view: View) => unknown, words: (x: unknown, words: Words) => string, always?: boolean}[]} */
const COLUMNS = [
  { name: "loss.epoch", of: (frame, { epoch }) => epoch && frame.step / epoch, words: plain },
  { name: "loss.train", of: (frame) => frame.loss, words: four, always: true },
  { name: "loss.validation", of: (frame) => frame.validation_loss, words: four },
  { name: "loss.evaluation", of: (frame) => frame.evaluation_loss, words: four },
  { name: "loss.train_accuracy", of: (frame) => frame.accuracy, words: share },
  { name: "loss.validation_accuracy", of: (frame) => frame.validation_accuracy, words: share },
];

/** @type {Panel} */
export const loss = {
  id: "loss",
  options: ["view.loss_log", "view.accuracy"],
  empty: (view) => (view.preview ? t("loss.preview", { loss: number(view.frame.loss), accuracy: percent(view.frame.accuracy) })
    : view.history.length < 2 ? t(view.running ? "loss.first" : isFinite(view.frame.loss) ? "loss.single" : "loss.none", { loss: number(view.frame.loss) }) : null),
  figure,
  caption,
  table: (view, numbers) => {
    const columns = COLUMNS.filter(({ of, always }) => always || view.history.some((frame) => isFinite(of(frame, view))));
    return { head: [t("axis.step"), ...columns.map(({ name }) => t(name))], rows: view.history.map((frame) => [frame.step, ...columns.map(({ of, words }) => words(of(frame, view), numbers))]) };
  },
};
