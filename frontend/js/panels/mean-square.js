/**
 * Mean square by depth: how large the signal is, layer by layer, and how large theory says it should be.
 * @typedef {import("../types.js").Panel} Panel
 * @typedef {import("../types.js").View} View
 */
import { orNone, percent, positive } from "../format.js";
import { t } from "../../i18n/index.js";
import { band, depthAxis, layerTable, layout, line, logAxis, lostMarks, onRows, quantityOf, theoryApplies, unitAxis } from "./common.js";

/** @param {View} view */
const predicted = (view) => onRows(view, view.theory?.preactivation_variance).map((q) => positive(q));

/** @param {View} view */
const measured = (view) => ["preactivation", "activation"].flatMap((name) => quantityOf(view, name)?.mean_square ?? []);

/** Both edges of the band. @param {View} view */
const edges = (view) => [view.theory?.preactivation_band?.low, view.theory?.preactivation_band?.high].flatMap((edge) => onRows(view, edge));

/** Layers whose values are all 0 have no place on a logarithmic axis. @param {View} view */
function zeros(view) {
  const squares = quantityOf(view, "preactivation")?.mean_square ?? [], zero = squares.filter((square) => square === 0).length;
  return zero ? t("mean_square.zero", { count: zero, total: squares.length }) : "";
}

/** @param {View} view */
function theoryTraces(view) {
  if (!theoryApplies(view)) return [];
  const known = view.theory?.preactivation_band, x = view.frame.layers;
  const low = onRows(view, known?.low).map((q) => positive(q)), high = onRows(view, known?.high).map((q) => positive(q));
  const around = known ? [band(t("theory.band", { level: percent(known.level) }), x, low, high, view.theme.series[1])] : [];
  return [...around, line(t("theory.variance"), x, predicted(view), view.theme.ink, { dash: "dash", mode: "lines" })];
}

/** What is said where theory has a line and no band around it. @param {View} view */
function withoutBand(view) {
  const low = onRows(view, view.theory?.preactivation_band?.low), first = predicted(view).findIndex((q, row) => q !== null && low[row] === null);
  return first < 0 || !view.theory?.preactivation_band ? "" : t("theory.no_band", { layer: view.frame.layers[first] });
}

/** @param {View} view */
function figure(view) {
  const { theme } = view, x = view.frame.layers, before = quantityOf(view, "preactivation"), after = quantityOf(view, "activation");
  const data = [
    ...theoryTraces(view),
    ...(before ? [line(t("quantity.preactivation"), x, before.mean_square.map(positive), theme.series[0])] : []),
    ...(after ? [line(t("quantity.activation"), x, after.mean_square.map(positive), theme.series[2])] : []),
    ...(before ? lostMarks(view, before, "y2") : []),
  ];
  const yaxis = logAxis(t("axis.mean_square"), measured(view), theoryApplies(view) ? [...predicted(view), ...edges(view)] : []);
  return { data, layout: layout(theme, { xaxis: depthAxis(view), yaxis, yaxis2: unitAxis() }) };
}

/** Theory's line, and the edges of the band around it. @param {View} view @param {import("../format.js").Words} words @returns {[string, (row: number) => string][]} */
function theoryColumns({ theory, ...view }, words) {
  if (!theory?.applies) return [];
  const { preactivation_variance: q, preactivation_band: known } = theory, level = percent(known?.level);
  const columns = [{ head: t("theory.variance"), values: q }, ...(known ? [{ head: t("theory.band_low", { level }), values: known.low }, { head: t("theory.band_high", { level }), values: known.high }] : [])];
  return columns.map(({ head, values }) => [head, (row) => orNone(onRows({ theory, ...view }, values)[row], words.number)]);
}

/** @type {Panel} */
export const meanSquare = {
  id: "mean-square",
  empty: (view) => (measured(view).some((square) => positive(square) !== null) ? null : t("mean_square.none")),
  figure,
  caption: (view) => [zeros(view), ...(theoryApplies(view) ? [view.frame.step > 0 ? t("theory.at_start") : "", withoutBand(view)] : [])].filter(Boolean).join(t("words.between")),
  table: (view, words) => layerTable(view, [
    [t("quantity.preactivation"), (row) => words.number(quantityOf(view, "preactivation")?.mean_square[row])],
    [t("quantity.activation"), (row) => words.number(quantityOf(view, "activation")?.mean_square[row])],
    ...theoryColumns(view, words),
  ]),
};
