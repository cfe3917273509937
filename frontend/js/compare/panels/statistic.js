/**
 * One statistic by layer, of every run: three of these panels make the strip, each with its own choice.
 * @typedef {import("../../types.js").Comparison} Comparison
 * @typedef {import("../../types.js").Member} Member
 */
import { isFinite, number, orNone, percent, positive } from "../../format.js";
import { depthAxis, layout, logAxis } from "../../panels/common.js";
import { t } from "../../../i18n/index.js";
import { STATISTICS } from "../statistics.js";
import { cell, seriesTraces } from "./common.js";

/** @param {Comparison} view @returns {number[]} the rows of every run, in order */
const layersOf = (view) => [...new Set(view.series.flatMap(({ members }) => members.flatMap(({ frame }) => frame?.layers ?? [])))].sort((a, b) => a - b);

/** @param {string} option path of the option that chooses the statistic @returns {import("../../types.js").Panel<Comparison>} */
export function statisticPanel(option) {
  const chosen = (/** @type {Comparison} */ view) => STATISTICS[String(view.options[option])];
  const words = (/** @type {Comparison} */ view, /** @type {import("../../format.js").Words} */ { number, percent }) => (chosen(view).axis === "share" ? percent : (/** @type {unknown} */ x) => number(x));
  const valuesOf = (/** @type {Comparison} */ view, /** @type {Member} */ { frame }) => (frame ? chosen(view).of(frame) ?? [] : []);
  return {
    id: option.replace("view.", "by-layer-"),
    options: [option],
    empty: (view) => (view.series.some(({ members }) => members.some((member) => valuesOf(view, member).some(isFinite))) ? null : t("compare.no_statistic")),
    figure: (view) => {
      const { axis } = chosen(view), log = axis === "log", name = t(`compare.statistic.${view.options[option]}`);
      const line = (/** @type {Member} */ member) => ({ x: member.frame?.layers ?? [], y: log ? valuesOf(view, member).map(positive) : valuesOf(view, member) });
      const data = view.series.flatMap((series) => seriesTraces(series, line, {
        hovertemplate: `${series.letter} · ${t("axis.layer_short")} %{x}<br>%{y:.3g}<extra></extra>` }));
      const yaxis = log ? logAxis(name, view.series.flatMap(({ members }) => members.flatMap((member) => valuesOf(view, member))))
        : axis === "share" ? { title: name, tickformat: ".0%", range: [-0.02, 1.02] } : { title: name };
      return { data, layout: layout(view.theme, { xaxis: depthAxis({ frame: { layers: layersOf(view) } }), yaxis }) };
    },
    caption: (view) => {
      const zeros = chosen(view).axis !== "log" ? [] : view.series.flatMap(({ letter, members }) => {
        const values = members.map((member) => valuesOf(view, member)), total = Math.max(...values.map(({ length }) => length));
        const count = Array.from({ length: total }, (_, row) => values.every((one) => one[row] === 0)).filter(Boolean).length;
        return count ? [t("compare.zero_in", { letter, count, total })] : [];
      });
      return zeros.length ? t("compare.zeros", { list: zeros.join(t("words.comma")) }) : "";
    },
    table: (view, numbers) => ({
      head: [t("axis.layer_short"), ...view.series.map(({ letter }) => letter)],
      rows: layersOf(view).map((layer) => [layer, ...view.series.map(({ members }) => {
        const there = members.filter((member) => valuesOf(view, member).length && member.frame?.layers.includes(layer));
        const values = there.map((member) => valuesOf(view, member)[member.frame?.layers.indexOf(layer) ?? -1]);
        return there.length ? cell(values, chosen(view).optional ? (x) => orNone(x, words(view, numbers)) : words(view, numbers)) : "–";
      })]),
    }),
  };
}
