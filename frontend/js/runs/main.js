/** The list of past runs: a page of its own. */
import * as api from "../api.js";
import { begin } from "../begin.js";
import { byId, el } from "../dom.js";
import { startKeys } from "../keys.js";
import { tellProblems } from "../notices.js";
import { startLanguage } from "../texts.js";
import { next as nextTheme } from "../theme.js";
import { t } from "../../i18n/index.js";
import { RunsPage } from "./page.js";
import { parseFilters } from "./state.js";

const STATUSES = ["queued", "running", "finished", "diverged", "cancelled", "failed"];

/** @param {string} name @param {[string, string][]} choices value and label @param {string} chosen @param {(value: string) => void} set */
function fill(name, choices, chosen, set) {
  const select = /** @type {HTMLSelectElement} */ (byId(`filter-${name}`));
  select.replaceChildren(el("option", { value: "", text: t("runs.any") }), ...choices.map(([value, text]) => el("option", { value, text })));
  select.value = chosen;
  select.addEventListener("change", () => set(select.value));
}

begin(async (onTheme) => {
  const { choices } = await api.getCatalog();
  const activations = choices["network.activation"].entries, initializers = choices.init.entries;
  const names = (/** @type {import("../types.js").Card[]} */ entries) => entries.map(({ name }) => name);
  const { filters, problems } = parseFilters(location.hash, { status: STATUSES, activation: names(activations), init: names(initializers) });
  tellProblems(problems);
  const page = new RunsPage(filters);
  onTheme(() => page.recolour());
  const labelled = (/** @type {import("../types.js").Card[]} */ entries) => entries.map(({ name, label }) => /** @type {[string, string]} */ ([name, label]));
  fill("status", STATUSES.map((status) => [status, t(`status.${status}`)]), page.filters.status, (status) => page.narrow({ status }));
  fill("activation", labelled(activations), page.filters.activation, (activation) => page.narrow({ activation }));
  fill("init", labelled(initializers), page.filters.init, (init) => page.narrow({ init }));
  const search = /** @type {HTMLInputElement} */ (byId("search"));
  Object.assign(search, { value: page.filters.search, placeholder: t("runs.search_help") });
  search.addEventListener("input", () => page.narrow({ search: search.value }));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("compare").addEventListener("click", () => page.compare());
  byId("unchoose").addEventListener("click", () => page.unchoose());
  byId("more").addEventListener("click", () => void page.load(true));
  window.addEventListener("pagehide", () => page.settle());
  startLanguage((language) => page.keep(language));
  startKeys({ "/": () => search.focus(), d: () => { nextTheme(); page.recolour(); } });
  await page.load();
});
