/**
 * The table of what differs: a row a key, a column a run.
 * @typedef {import("../types.js").Catalog} Catalog
 * @typedef {import("../types.js").Series} Series
 */
import { el } from "../dom.js";
import { cardOf, fieldsOf, fromConfig } from "../state.js";
import { has, t } from "../../i18n/index.js";
import { differences } from "./differences.js";

/** @param {Catalog} catalog @param {Series[]} series */
export function differencesTable(catalog, series) {
  const configs = series.map(({ members }) => configOf(members.map(({ record }) => /** @type {Record<string, any>} */ (record.config))));
  const found = differences(configs), labels = labelsOf(catalog, configs);
  if (!found.length) return el("p", { class: "muted", text: t("compare.same") });
  const head = el("tr", {}, el("th", { scope: "col", text: t("compare.setting") }), ...series.map(({ letter, colour }) => el("th", { scope: "col" }, badge(letter, colour))));
  const rows = found.map(({ path, values }) => el("tr", {}, el("th", { scope: "row" }, labels.get(path) ?? path, " ", el("small", { text: path })),
    ...values.map((value) => el("td", { class: value === undefined ? "muted" : "" }, ...words(catalog, path, value)))));
  return el("table", {}, el("caption", { class: "visually-hidden", text: t("compare.differences") }), el("thead", {}, head), el("tbody", {}, ...rows));
}

/** A group's seeds count as one setting. @param {Record<string, any>[]} configs */
const configOf = (configs) => (configs.length === 1 ? configs[0] : { ...configs[0], seed: configs.map(({ seed }) => seed).join(", ") });

/** @param {string} letter @param {string} colour */
export function badge(letter, colour) {
  const made = el("span", { class: "letter", text: letter });
  made.style.setProperty("--run", colour);
  return made;
}

/** The catalogue's labels by path. @param {Catalog} catalog @param {Record<string, any>[]} configs */
export const labelsOf = (catalog, configs) => new Map(configs.flatMap((config) => [
  ...fieldsOf(catalog, fromConfig(config, catalog)).map((field) => /** @type {[string, string]} */ ([field.path, field.label])),
  ...Object.entries(catalog.choices).map(([path, table]) => /** @type {[string, string]} */ ([`${path}.name`, table.title])),
]));

/** A value as its control says it, and beside a choice's label its name. @param {Catalog} catalog @param {string} path @param {unknown} value */
export function words(catalog, path, value) {
  if (value === undefined) return ["–"];
  if (typeof value === "boolean") return [t(value ? "choice.bias.true" : "choice.bias.false")];
  const key = [`choice.${path.split(".").at(-1)}.${value}`, `control.special.${value}`].find(has);
  if (key) return [t(key)];
  const table = path.replace(/\.name$/, ""), card = table in catalog.choices ? cardOf(catalog, table, String(value)) : undefined;
  return card ? [card.label, " ", el("small", { text: card.name })] : [String(value)];
}
