/**
 * Gradient norm by layer: what reaches each layer from the output, and what its weights get; theory's slope beside it.
 * @typedef {import("../types.js").Panel} Panel
 * @typedef {import("../types.js").View} View
 * @typedef {import("../types.js").Maybe} Maybe
 */
import { isFinite, number, orNone, positive } from "../format.js";
import { t } from "../../i18n/index.js";
import { depthAxis, layerTable, layout, line, logAxis, lostMarks, onRows, quantityOf, theoryApplies, unitAxis } from "./common.js";

/** Norm² at layer l is chi_l times that at l + 1, whatever the widths (chi counts fan_in, the mean square the units), or what theory
 * says of this width, where units share a part of the gradient. It begins at the measured output row and goes back; rows left out of a deep network count as equal to the one before the gap.
 * @param {number[]} layers @param {Maybe[]} chi @param {Maybe} last @returns {Maybe[]} */
export function gradientProfile(layers, chi, last) {
  /** @type {Maybe[]} */
  const out = layers.map(() => null);
  if (!isFinite(last) || last <= 0) return out;
  let logSquare = 2 * Math.log(last);
  out[layers.length - 1] = last;
  for (let row = layers.length - 2; row >= 0; row -= 1) {
    const factor = chi[row];
    if (!isFinite(factor) || factor <= 0) return out;
    logSquare += (layers[row + 1] - layers[row]) * Math.log(factor);
    out[row] = positive(Math.exp(logSquare / 2));
  }
  return out;
}

/** @param {View} view */
const predicted = (view) => gradientProfile(
  view.frame.layers, onRows(view, view.theory?.gradient_growth ?? view.theory?.gradient_factor), quantityOf(view, "preactivation_gradient")?.norm.at(-1) ?? null);

/** @param {View} view */
function figure(view) {
  const { theme } = view, x = view.frame.layers, signal = quantityOf(view, "preactivation_gradient"), weight = quantityOf(view, "weight_gradient");
  const data = [
    ...(signal ? [line(t("quantity.preactivation_gradient"), x, signal.norm.map(positive), theme.series[0])] : []),
    ...(weight ? [line(t("quantity.weight_gradient"), x, weight.norm.map(positive), theme.series[1])] : []),
    ...(theoryApplies(view) ? [line(t("theory.predicted"), x, predicted(view), theme.ink, { dash: "dash", mode: "lines" })] : []),
    ...(signal ? lostMarks(view, signal, "y2") : []),
  ];
  return { data, layout: layout(theme, { xaxis: depthAxis(view), yaxis: logAxis(t("axis.norm"), [...(signal?.norm ?? []), ...(weight?.norm ?? [])], theoryApplies(view) ? predicted(view) : []), yaxis2: unitAxis() }) };
}

/** Layers that no gradient reaches have no place on a logarithmic axis. @param {View} view */
function caption(view) {
  const norms = quantityOf(view, "preactivation_gradient")?.norm ?? [];
  const zero = norms.filter((norm) => norm === 0).length;
  return zero ? t("gradient.zero", { count: zero, total: norms.length }) : "";
}

/** @type {Panel} */
export const gradientNorms = {
  id: "gradient-norms",
  empty: (view) => {
    const norms = ["preactivation_gradient", "weight_gradient"].flatMap((name) => quantityOf(view, name)?.norm ?? []);
    return norms.some((norm) => positive(norm) !== null) ? null : t(!norms.length ? "gradient.not_captured" : view.frame.step ? "gradient.lost" : "gradient.none");
  },
  figure,
  caption,
  table: (view, words) => layerTable(view, [
    [t("quantity.preactivation_gradient"), (row) => words.number(quantityOf(view, "preactivation_gradient")?.norm[row])],
    [t("quantity.weight_gradient"), (row) => words.number(quantityOf(view, "weight_gradient")?.norm[row])],
    ...(theoryApplies(view) ? [/** @type {[string, (row: number) => string]} */ ([t("theory.predicted"), (row) => orNone(predicted(view)[row], words.number)])] : []),
  ]),
};
