/**
 * Mean-field theory: the fixed point, the phase, how deep a network can be trained, and how inputs grow alike with depth.
 * @typedef {import("../types.js").Panel} Panel
 * @typedef {import("../types.js").View} View
 */
import { integer, isFinite, number, orNone } from "../format.js";
import { said, t } from "../../i18n/index.js";
import { depthAxis, layerTable, layout, line, onRows, theoryApplies } from "./common.js";

/** Networks deeper than about six depth scales do not train (Schoenholz et al. 2017). */
const TRAINABLE_SCALES = 6;

/** @param {View} view */
const measured = (view) => view.frame.correlation;

/** @param {View} view */
function figure(view) {
  const x = view.frame.layers, { theme } = view, seen = measured(view);
  const data = [
    ...(seen ? [line(t("theory.correlation_measured"), x, seen, theme.series[0])] : []),
    line(t("theory.correlation"), x, onRows(view, view.theory?.correlation), theme.ink, { dash: "dash", mode: "lines" }),
  ];
  return { data, layout: layout(theme, { xaxis: depthAxis(view), yaxis: { title: t("axis.correlation"), range: [Math.min(-0.05, ...(seen ?? []).filter(isFinite)), 1.05] } }) };
}

/** @param {View} view @returns {[string, string][]} */
function facts({ theory }) {
  const fixed = theory?.fixed_point, scale = fixed?.depth_scale_c;
  const deep = theory?.trainable_depth ?? (isFinite(scale) ? TRAINABLE_SCALES * scale : null);
  const known = (/** @type {unknown} */ value) => (isFinite(value) ? number(value) : t("theory.unbounded"));
  const endless = theory?.phase === "critical"; // a depth scale that is null elsewhere is not known
  const layers = (/** @type {unknown} */ value) => (isFinite(value) || endless ? known(value) : "–");
  return [
    [t("theory.phase"), theory?.phase ? t(`theory.phase.${theory.phase}`) : "–"],
    [t("theory.chi"), isFinite(fixed?.chi) ? number(fixed.chi) : "–"], [t("theory.q"), known(fixed?.q)],
    [t("theory.depth_q"), layers(fixed?.depth_scale_q)], [t("theory.depth_c"), layers(scale)],
    [t("theory.trainable"), isFinite(deep) ? t("theory.trainable_layers", { layers: integer(deep) }) : endless ? t("theory.any_depth") : "–"],
  ];
}

/** What stands beside the numbers, the most important first. @param {View} view @returns {string[]} */
const remarks = ({ frame, theory }) => [...(frame.step > 0 ? [t("theory.at_start")] : []), ...(theory ? said(theory, "notes") ?? [] : [])];

/** @type {Panel} */
export const theory = {
  id: "theory",
  empty: (view) => {
    if (!view.theory) return t("theory.missing");
    return theoryApplies(view) ? null : t("theory.not_applicable", { reason: said(view.theory, "reason") ?? "" });
  },
  figure,
  facts,
  caption: (view) => remarks(view)[0] ?? "",
  notes: (view) => remarks(view).slice(1),
  table: (view, words) => layerTable(view, [
    [t("theory.table.q"), (row) => words.number(onRows(view, view.theory?.preactivation_variance)[row])],
    [t("theory.chi_layer"), (row) => orNone(onRows(view, view.theory?.gradient_factor)[row], words.number)],
    [t("theory.table.correlation"), (row) => orNone(onRows(view, view.theory?.correlation)[row], words.number)],
    [t("theory.table.measured"), (row) => orNone(measured(view)?.[row], words.number)],
  ]),
};
