/**
 * Signal through depth: the histograms of all layers in one picture, with what is cut, lost or not finite marked on it.
 * @typedef {import("../types.js").Panel} Panel
 * @typedef {import("../types.js").View} View
 */
import { axisOf, flattened, gridOf } from "../binning.js";
import { finiteCount, integer, isEmptyRow, nonFinite, number, percent, root } from "../format.js";
import { t } from "../../i18n/index.js";
import { layerSelection, layerTable, onlyStart, quantityOf } from "./common.js";
import { heatmap } from "./heatmap.js";
import { multiples, MULTIPLES_LIMIT } from "./multiples.js";
import { ridges } from "./ridges.js";

const FORMS = { heatmap, ridges, multiples };

/** Grids are made once for a quantity and an axis, and go with the frame. @type {WeakMap<object, Map<string, import("../binning.js").Grid>>} */
const grids = new WeakMap();

/** What is on show: the quantity, its axis and its rows on common bins. @param {View} view */
export function shown(view) {
  const name = String(view.options["view.quantity"]), axis = /** @type {import("../binning.js").AxisName} */ (view.options["view.axis"]);
  const quantity = /** @type {import("../types.js").Quantity} */ (quantityOf(view, name));
  const known = grids.get(quantity) ?? new Map(), grid = known.get(axis) ?? gridOf(quantity, axisOf(quantity, axis));
  grids.set(quantity, known.set(axis, grid));
  return { name, quantity, grid };
}

/** Small multiples only for few layers. @param {View} view @returns {keyof typeof FORMS} */
export function formOf(view) {
  const form = /** @type {keyof typeof FORMS} */ (view.options["view.form"]);
  return form === "multiples" && view.frame.layers.length > MULTIPLES_LIMIT ? "heatmap" : form;
}

/** What the picture leaves out, in words. @param {View} view */
function caption(view) {
  const { quantity, grid } = shown(view);
  const cut = [...grid.cut.keys()].filter((row) => grid.cut[row] > 0.01 && grid.axis.name !== "log10");
  const zeros = quantity.zeros.reduce((sum, count) => sum + count, 0), all = quantity.n.reduce((sum, count) => sum + count, 0);
  const small = flattened(quantity, grid), lost = quantity.n.filter((_, row) => nonFinite(quantity, row)).length;
  return [
    cut.length ? t("histograms.cut", { count: cut.length }) : "",
    small ? t("histograms.flattened", { count: small }) : "",
    grid.axis.name === "log10" && zeros ? t("histograms.zeros", { share: percent(zeros / all) }) : "",
    grid.axis.name === "symlog" ? t("histograms.symlog", { scale: number(grid.axis.scale, 1) }) : "",
    lost ? t("histograms.lost", { count: lost }) : "",
  ].filter(Boolean).join(t("words.between"));
}

/** @type {Panel} */
export const histograms = {
  id: "histograms",
  size: "wide",
  options: ["view.quantity", "view.axis", "view.form"],
  selects: layerSelection,
  empty: (view) => (quantityOf(view, String(view.options["view.quantity"])) ? null
    : t(view.preview ? "histograms.no_update" : view.history.length === 1 ? onlyStart(view) : view.frame.step === 0 ? "histograms.no_update_yet" : "histograms.not_captured")),
  figure: (view) => FORMS[formOf(view)](view, shown(view)),
  caption,
  table: (view, words) => {
    const { quantity } = shown(view);
    return layerTable(view, [
      [t("stat.mean"), (row) => words.number(quantity.mean[row])],
      [t("stat.std"), (row) => words.number(quantity.std[row])],
      [t("stat.rms"), (row) => words.number(root(quantity.mean_square[row]))],
      [t("stat.min"), (row) => words.number(quantity.min[row])],
      [t("stat.max"), (row) => words.number(quantity.max[row])],
      [t("stat.zeros"), (row) => words.percent(quantity.zeros[row] / quantity.n[row])],
      [t("stat.not_finite"), (row) => (isEmptyRow(quantity, row) && !nonFinite(quantity, row) ? "–" : nonFinite(quantity, row) || "0")],
      [t("stat.finite"), (row) => words.integer(finiteCount(quantity, row))],
    ]);
  },
};
