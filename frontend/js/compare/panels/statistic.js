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

/** Lines hide each other that are this near: half a percent of the axis of shares, or of the value on a logarithmic one. */
const HIDDEN = 0.005;

/** Letters of those whose lines lie on each other, so that only the last of them is seen; what is not drawn lies on nothing.
 * @param {{letter: string, values: import("../../types.js").Maybe[]}[]} lines @param {"log" | "share" | "linear"} axis @returns {string[][]} */
export function together(lines, axis) {
  const drawn = lines.filter(({ values }) => values.some((value) => (axis === "log" ? positive(value) : value) !== null));
  const reach = (/** @type {number} */ a) => ({ log: HIDDEN * a, share: HIDDEN, linear: 0 })[axis];
  const near = (/** @type {unknown} */ a, /** @type {unknown} */ b) => (isFinite(a) && isFinite(b) ? Math.abs(a - b) <= reach(a) : isFinite(a) === isFinite(b));
  const alike = (/** @type {typeof lines[0]} */ one, /** @type {typeof lines[0]} */ other) => one.values.length === other.values.length && one.values.every((value, row) => near(value, other.values[row]));
  /** @type {(typeof lines)[]} */
  const groups = [];
  for (const one of drawn) {
    const group = groups.find(([first]) => alike(first, one));
    if (group) group.push(one);
    else groups.push([one]);
  }
  return groups.filter(({ length }) => length > 1).map((group) => group.map(({ letter }) => letter));
}

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
      return [
        ...together(view.series.map(({ letter, members }) => ({ letter, values: members.length === 1 ? valuesOf(view, members[0]) : [] })), chosen(view).axis).map((letters) => t("compare.together", { letters: letters.join(t("words.comma")) })),
        ...(zeros.length ? [t("compare.zeros", { list: zeros.join(t("words.comma")) })] : []),
      ].join(t("words.between"));
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
