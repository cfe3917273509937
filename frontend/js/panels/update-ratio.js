/**
 * How far a step moves each layer's weights: norm of the update over norm of the weight, healthy near 1e-3.
 * @typedef {import("../types.js").Panel} Panel
 * @typedef {import("../types.js").View} View
 */
import { isFinite, positive } from "../format.js";
import { t } from "../../i18n/index.js";
import { depthAxis, faded, layerTable, layout, line, logAxis, onlyStart, quantityOf } from "./common.js";

const GUIDE = 1e-3, LOW = 1e-4, HIGH = 1e-2;

/** @param {View} view */
const ratios = (view) => (quantityOf(view, "update")?.ratio ?? []).map((ratio) => positive(ratio));

/** @param {View} view */
function figure(view) {
  const { theme } = view;
  const shapes = [
    { type: "rect", xref: "paper", yref: "y", x0: 0, x1: 1, y0: LOW, y1: HIGH, fillcolor: faded(theme.series[2], 0.14), line: { width: 0 }, layer: "below" },
    { type: "line", xref: "paper", yref: "y", x0: 0, x1: 1, y0: GUIDE, y1: GUIDE, line: { color: theme.series[2], width: 1.4, dash: "dash" } },
  ];
  return {
    data: [line(t("update.ratio"), view.frame.layers, ratios(view), theme.series[0], {})],
    layout: layout(theme, { xaxis: depthAxis(view), yaxis: logAxis(t("axis.ratio"), [...ratios(view), LOW / 2, HIGH * 2]), shapes }),
  };
}

/** Of all layers that have weights, those too that have not moved and are not drawn. @param {View} view */
function caption(view) {
  const known = (quantityOf(view, "update")?.ratio ?? []).filter(isFinite), still = known.filter((ratio) => ratio === 0).length;
  const slow = known.filter((ratio) => ratio < LOW).length, fast = known.filter((ratio) => ratio > HIGH).length;
  const words = t(slow && fast ? "update.outside" : slow ? "update.slow" : fast ? "update.fast" : "update.inside", { slow, fast, total: known.length });
  return still ? [words, t("update.still", { still })].join(t("words.between")) : words;
}

/** Why no layer has a ratio that can be drawn. @param {View} view */
function why(view) {
  if (view.preview) return "update.preview";
  if (view.frame.step === 0) return view.history.length === 1 ? onlyStart(view) : "update.at_start";
  const update = quantityOf(view, "update");
  return !update ? "update.unmeasured" : update.ratio?.some((ratio) => ratio === 0) ? "update.none" : "update.lost";
}

/** @type {Panel} */
export const updateRatio = {
  id: "update-ratio",
  empty: (view) => (ratios(view).some((ratio) => ratio !== null) ? null : t(why(view))),
  figure,
  caption,
  table: (view, words) => layerTable(view, [
    [t("update.ratio"), (row) => words.number(quantityOf(view, "update")?.ratio?.[row])],
    [t("update.norm"), (row) => words.number(quantityOf(view, "update")?.norm[row])],
    [t("update.weight_norm"), (row) => words.number(quantityOf(view, "weight")?.norm[row])],
  ]),
};
