/** A report has no controls: its run's whole configuration as a list instead. @typedef {import("./types.js").Catalog} Catalog */
import { labelsOf, words } from "./compare/differences-table.js";
import { flat } from "./compare/labels.js";
import { el } from "./dom.js";
import { t } from "../i18n/index.js";

/** @param {Catalog} catalog @param {Record<string, any>} config */
export function configCard(catalog, config) {
  const labels = labelsOf(catalog, [config]), own = flat(config).filter(([path]) => labels.has(path));
  return el("section", { class: "card report-config", "data-testid": "report-config" }, el("h2", { text: t("app.rail") }),
    el("dl", {}, ...own.map(([path, value]) => el("div", {}, el("dt", {}, labels.get(path) ?? "", " ", el("small", { text: path })), el("dd", {}, ...words(catalog, path, value))))));
}
