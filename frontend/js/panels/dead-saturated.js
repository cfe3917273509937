/**
 * Units that no longer answer and values that are lost: dead, saturated, zero, not finite, as shares by layer.
 * @typedef {import("../types.js").Panel} Panel
 * @typedef {import("../types.js").View} View
 * @typedef {import("../types.js").Maybe} Maybe
 */
import { isFinite, orNone, percent } from "../format.js";
import { t } from "../../i18n/index.js";
import { depthAxis, layerTable, layout, line, quantityOf } from "./common.js";

/** The shares by name; a column with nothing to say is null. @param {View} view @returns {[string, Maybe[]][]} */
function shares(view) {
  const activation = quantityOf(view, "activation");
  if (!activation) return [];
  const part = (/** @type {(row: number) => number} */ count) => activation.n.map((n, row) => (n ? count(row) / n : null));
  const lost = (/** @type {number} */ row) => activation.nan[row] + activation.pos_inf[row] + activation.neg_inf[row];
  /** @type {[string, Maybe[]][]} */
  const all = [
    [t("share.dead"), activation.dead ?? []], [t("share.saturated"), activation.saturated ?? []],
    [t("share.zeros"), part((row) => activation.zeros[row])], [t("share.lost"), part(lost)],
  ];
  return all.filter(([name, values]) => values.some((share) => isFinite(share) && (share > 0 || name !== t("share.lost"))));
}

/** @param {View} view */
function figure(view) {
  const { theme } = view, colours = { [t("share.lost")]: theme.danger };
  const data = shares(view).map(([name, values], index) => line(name, view.frame.layers, values, colours[name] ?? theme.series[index], {
    text: values.map((share) => percent(share)), hovertemplate: `${t("axis.layer_short")} %{x}<br>${name} %{text}<extra></extra>`,
  }));
  return { data, layout: layout(theme, { xaxis: depthAxis(view), yaxis: { title: t("axis.share_of_layer"), tickformat: ".0%", range: [-0.02, 1.02] } }) };
}

/** @type {Panel} */
export const deadSaturated = {
  id: "dead-saturated",
  empty: (view) => (shares(view).length ? null : t("share.none")),
  figure,
  table: (view, words) => layerTable(view, shares(view).map(([name, values]) => [name, (row) => orNone(values[row], words.percent)])),
};
