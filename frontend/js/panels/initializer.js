/**
 * The initializer with each layer's own numbers: the spread its formula gives, and the spread measured.
 * @typedef {import("../types.js").Panel} Panel
 * @typedef {import("../types.js").View} View
 */
import { integer, number, orNone, positive } from "../format.js";
import { cardOf } from "../state.js";
import { t } from "../../i18n/index.js";
import { chosenLayer, depthAxis, layerTable, layout, line, logAxis, quantityOf } from "./common.js";

/** A frame of a very deep network shows some of its layers. @param {View} view @param {number} index on the frame's rows */
const layerOf = (view, index) => view.layers.find(({ row }) => row === view.frame.layers[index]);
/** @param {View} view */
const formula = (view) => view.frame.layers.map((_, index) => layerOf(view, index)?.weight_std ?? null);
/** @param {View} view */
const measured = (view) => quantityOf(view, "weight")?.std ?? [];

/** @param {View} view */
function figure(view) {
  const { theme } = view, x = view.frame.layers, all = [...measured(view), ...formula(view)], log = all.some(positive);
  const put = (/** @type {import("../types.js").Maybe[]} */ stds) => (log ? stds.map(positive) : stds), title = t("initializer.axis");
  return {
    data: [line(t("initializer.measured"), x, put(measured(view)), theme.series[0]), line(t("initializer.formula"), x, put(formula(view)), theme.ink, { dash: "dash", mode: "lines" })],
    layout: layout(theme, { xaxis: depthAxis(view), yaxis: log ? logAxis(title, all) : { title, range: [-0.05, 1], tickvals: [0] } }),
  };
}

/** @param {View} view @returns {[string, string][]} */
function facts(view) {
  const row = chosenLayer(view), index = view.frame.layers.indexOf(row), layer = layerOf(view, index);
  if (!layer) return [];
  return [
    [t("initializer.layer"), `${row} · ${layer.kind}`], [t("initializer.fan_in"), integer(layer.fan_in ?? NaN)], [t("initializer.fan_out"), integer(layer.fan_out ?? NaN)],
    ...fanMode(view, layer), ...gains(view, layer), [t("initializer.formula"), layer.weight_std == null ? "–" : [...new Set([layer.weight_std_formula, number(layer.weight_std, 4)])].filter(Boolean).join(" = ")],
    [t("initializer.measured"), number(quantityOf(view, "weight")?.std[index], 4)], [t("initializer.default"), byDefault(layer.fan_in ?? NaN)],
  ];
}

/** What torch.nn.Linear and Conv2d draw from where nobody says otherwise. @param {number} fanIn */
const byDefault = (fanIn) => t("initializer.default_value", { bound: number(1 / Math.sqrt(fanIn), 4), std: number(1 / Math.sqrt(3 * fanIn), 4) });

/** Which initializers suit the activation, and why. @param {View} view */
function pairing(view) {
  const card = cardOf(view.catalog, "network.activation", view.config.network.activation.name);
  return card?.note ? t("initializer.pairing", { activation: card.label, note: card.note }) : "";
}

/** A parameter of some initializers, and part of others' formula. @param {View} view @param {import("../types.js").Layer} layer @returns {[string, string][]} */
function fanMode(view, layer) {
  const mode = layer.fan_mode ?? view.config.init.mode;
  return typeof mode === "string" ? [[t("initializer.fan_mode"), mode]] : [];
}

/** What the weights are multiplied by, part by part; of runs of before, which do not say, all of it. @param {View} view @param {import("../types.js").Layer} layer @returns {[string, string][]} */
function gains(view, layer) {
  if (layer.gain_formula === undefined) return [[t("initializer.own_gain"), number(layer.gain, 4)]];
  return [[t("initializer.activation_gain"), layer.gain_formula ?? t("initializer.no_gain")], [t("initializer.own_gain"), number(view.config.init.gain, 4)]];
}

/** Where the gain comes from, in a sentence. @param {View} view */
function origin(view) {
  const { activation } = view.config.network, { init } = view.config, formula = view.layers[0]?.gain_formula;
  if (formula === undefined) return "";
  const names = { initializer: labelOf(view, "init", init.name), activation: labelOf(view, "network.activation", activation.name), own: number(init.gain, 4) };
  return formula ? t("initializer.gain_follows", { ...names, formula }) : t("initializer.gain_alone", names);
}

/** @param {View} view @param {string} path @param {string} name */
const labelOf = (view, path, name) => cardOf(view.catalog, path, name)?.label ?? name;

/** What looks at the data has no formula. @param {View} view */
const unknown = (view) => (view.layers.every((layer) => layer.weight_std == null) ? t("initializer.none") : "");

/** Some layers whose weights are all the same have no place on a logarithmic axis. @param {View} view */
function equal(view) {
  const stds = measured(view), count = stds.filter((std) => std === 0).length;
  return count === 0 ? "" : count < stds.length ? t("initializer.equal", { count, total: stds.length }) : t("initializer.all_equal");
}

/** @type {Panel} */
export const initializer = {
  id: "initializer",
  size: "full",
  empty: () => null,
  figure,
  facts,
  caption: (view) => [equal(view), ...("source" in view.config.init ? [t("initializer.trained", { own: number(view.config.init.gain, 4) })] : [unknown(view), origin(view)]), pairing(view)].filter(Boolean).join(t("words.between")),
  table: (view, words) => layerTable(view, [
    [t("initializer.fan_in"), (row) => words.integer(layerOf(view, row)?.fan_in ?? NaN)], [t("initializer.fan_out"), (row) => words.integer(layerOf(view, row)?.fan_out ?? NaN)],
    [t("initializer.formula"), (row) => orNone(layerOf(view, row)?.weight_std, words.number)], [t("initializer.measured"), (row) => words.number(quantityOf(view, "weight")?.std[row])],
  ]),
};
