/**
 * What the list of runs is narrowed to; the address bar's hash is its text. A choice becomes a word of the search, as the server takes it.
 * @typedef {{search: string, status: string, activation: string, init: string}} Filters
 */
import { LANGUAGE, pairs, parseView } from "../state.js";

const LONGEST_SEARCH = 200;
export const FILTERS = /** @type {const} */ (["search", "status", "activation", "init"]);
const PATHS = { activation: "network.activation.name", init: "init.name" };

/** The filters that an address says, and what in it was not understood, which counts as no filter.
 * @param {string} hash @param {Record<string, string[]>} allowed @returns {{filters: Filters, problems: import("../state.js").Problem[]}} */
export function parseFilters(hash, allowed) {
  const filters = /** @type {Filters} */ (Object.fromEntries(FILTERS.map((name) => [name, ""])));
  /** @type {import("../state.js").Problem[]} */
  const problems = parseView(hash, [LANGUAGE]).problems;
  for (const [key, text] of pairs(hash).filter(([name]) => !name.startsWith("view."))) {
    const name = FILTERS.find((one) => one === key);
    if (!name) problems.push({ key, text, reason: "unknown" });
    else if (name === "search") filters.search = text.slice(0, LONGEST_SEARCH);
    else if (text === "" || allowed[name].includes(text)) filters[name] = text;
    else problems.push({ key, text, reason: "choice" });
  }
  return { filters, problems };
}

/** @param {Filters} filters */
export const serialiseFilters = (filters) =>
  FILTERS.filter((name) => filters[name]).map((name) => `${name}=${encodeURIComponent(filters[name])}`).join("&");

/** What GET /api/runs is asked. @param {Filters} filters */
export const wantedOf = ({ search, status, activation, init }) => ({
  status, search: [search.trim(), activation && `${PATHS.activation}=${activation}`, init && `${PATHS.init}=${init}`].filter(Boolean).join(" "),
});
