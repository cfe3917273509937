/**
 * The catalogue in the language of the page: its English texts are the keys of that language's table.
 * @typedef {import("./types.js").Catalog} Catalog
 * @typedef {import("./types.js").Card} Card
 * @typedef {import("./types.js").Table} Table
 */
import { said, t } from "../i18n/index.js";

/** A parameter, or a place where a table's choice stands. @template {{label: string, help?: string, unit?: string}} P @param {P} field @returns {P} */
const parameter = (field) => ({ ...field, label: t(field.label), help: t(field.help ?? ""), unit: t(field.unit ?? "") });

/** @param {Card} card @returns {Card} */
const entry = (card) => ({ ...card, label: t(card.label), formula: t(card.formula), source: t(card.source), note: said(card, "note"), parameters: card.parameters.map(parameter) });

/** @param {Table} table @returns {Table} */
const table = (table) => ({ ...table, title: t(table.title), entries: table.entries.map(entry) });

/** @param {Catalog} catalog @returns {Catalog} */
export const translated = (catalog) => ({
  ...catalog,
  sections: catalog.sections.map((section) => ({ title: t(section.title), controls: section.controls.map(parameter) })),
  choices: Object.fromEntries(Object.entries(catalog.choices).map(([path, one]) => [path, table(one)])),
});
