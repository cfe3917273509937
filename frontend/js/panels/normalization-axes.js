/**
 * Over which values a normalization takes one mean: a block of examples by channels, each cell an image's pixels, with all values
 * that share their mean with the marked one (after figure 2 of Wu & He 2018).
 * @typedef {import("../types.js").Panel} Panel
 * @typedef {import("../types.js").View} View
 * @typedef {{example: number, channel: number, pixel: number}} Place
 */
import { integer } from "../format.js";
import { t } from "../../i18n/index.js";
import { layout } from "./common.js";

/** The block that is drawn stands for a larger one. */
const EXAMPLES = 6, CHANNELS = 8, GROUPS = 4, SIDE = 3;
/** @type {Place} */
const MARKED = { example: 3, channel: 2, pixel: 4 };

/** @param {View} view */
function chosen(view) {
  const { kind, width, normalization } = view.config.network, card = view.catalog.choices["network.normalization"].entries.find(({ name }) => name === normalization.name);
  return { kind, width, axes: card?.axes?.[kind] ?? [], groups: normalization.groups ?? 1, label: card?.label ?? "" };
}

/** Whether a value shares its mean with the marked one: they may differ only along the axes that the mean is taken over.
 * @param {string[]} axes @param {Place} place @param {number} size channels of a group @returns {boolean} */
export function sharesMean(axes, place, size) {
  const same = { batch: place.example === MARKED.example, channels: place.channel === MARKED.channel, pixels: place.pixel === MARKED.pixel };
  const group = Math.floor(place.channel / size) === Math.floor(MARKED.channel / size);
  const over = (/** @type {string} */ axis) => axes.includes(axis);
  return (over("batch") || same.batch) && (over("pixels") || same.pixels) && (over("channels") || (over("group") ? group : same.channels));
}

/** Values that one mean is taken over. @param {View} view */
function count(view) {
  const { axes, width, groups } = chosen(view), values = view.frame.quantities.preactivation?.n[0] ?? 0;
  const { batch_size: batch } = view.config.data, size = view.layers[0]?.output_shape ?? [], examples = typeof batch === "number" ? batch : values / size.reduce((all, one) => all * one, 1);
  const lengths = { batch: examples, channels: width, group: width / groups, pixels: values / examples / width };
  return axes.reduce((all, axis) => all * lengths[/** @type {keyof typeof lengths} */ (axis)], 1);
}

/** Channels of a group as they are drawn: as many as it has, where two such groups have room; else equal parts of the block.
 * @param {number} width @param {number} groups */
export function groupSize(width, groups) {
  const own = width / groups;
  return own <= CHANNELS / 2 && CHANNELS % own === 0 ? own : CHANNELS / Math.min(groups, GROUPS);
}

/** @param {View} view */
function figure(view) {
  const { theme } = view, { kind, axes, width, groups } = chosen(view), side = kind === "cnn" ? SIDE : 1, size = groupSize(width, groups);
  /** The pixel of a cell at a place along both, or -1 between cells. */
  const z = Array.from({ length: EXAMPLES * (side + 1) - 1 }, (_, y) => Array.from({ length: CHANNELS * (side + 1) - 1 }, (_, x) => {
    const [row, column] = [y % (side + 1), x % (side + 1)];
    if (row === side || column === side) return null;
    const pixel = side === 1 ? MARKED.pixel : row * side + column;
    return Number(sharesMean(axes, { example: Math.floor(y / (side + 1)), channel: Math.floor(x / (side + 1)), pixel }, size));
  }));
  const middle = (/** @type {number} */ index) => index * (side + 1) + (side - 1) / 2, ticks = (/** @type {number} */ length) => Array.from({ length }, (_, index) => index);
  const axis = (/** @type {string} */ title, /** @type {number} */ length) => ({ title, tickvals: ticks(length).map(middle), ticktext: ticks(length).map((index) => String(index + 1)), showgrid: false, showline: false, ticks: "" });
  return {
    data: [
      { type: "heatmap", z, xgap: 1, ygap: 1, showscale: false, hoverinfo: "skip", zmin: 0, zmax: 1, zauto: false, colorscale: [[0, theme.grid], [1, theme.series[0]]] },
      { type: "scatter", mode: "markers", x: [middle(MARKED.channel)], y: [middle(MARKED.example)], hoverinfo: "skip", showlegend: false, marker: { symbol: "x", size: 9, color: theme.paper } },
    ],
    layout: layout(theme, { xaxis: { ...axis(t(kind === "cnn" ? "normalization.channels" : "normalization.units"), CHANNELS), constrain: "domain" },
      yaxis: { ...axis(t("normalization.examples"), EXAMPLES), autorange: "reversed", scaleanchor: "x" } }),
  };
}

/** How much of the batch is drawn. @param {View} view */
const part = (view) => t(chosen(view).kind === "cnn" ? "normalization.part_cnn" : "normalization.part", { examples: EXAMPLES, channels: CHANNELS, pixels: SIDE });

/** @param {View} view */
const words = (view) => t("normalization.mean_over", { label: chosen(view).label, count: integer(count(view)),
  axes: chosen(view).axes.map((axis) => t(`normalization.over.${axis}`)).join(t("words.comma")) });

/** @type {Panel} */
export const normalizationAxes = {
  id: "normalization-axes",
  absent: (view) => !view.frame.normalization,
  empty: () => null,
  figure,
  caption: (view) => [words(view), part(view)].join(t("words.between")),
  table: (view) => ({ head: [t("normalization.axis_of"), t("normalization.averaged")],
    rows: ["batch", "channels", "group", "pixels"].map((axis) => [t(`normalization.over.${axis}`), chosen(view).axes.includes(axis) ? "✓" : "–"]) }),
};
