/**
 * What the list of runs is narrowed to; the address bar's hash is its text. A choice becomes a word of the search, as the server takes it.
 * @typedef {{search: string, status: string, activation: string, init: string}} Filters
 */
export const FILTERS = /** @type {const} */ (["search", "status", "activation", "init"]);
const PATHS = { activation: "network.activation.name", init: "init.name" };

/** What is not one of the values allowed counts as no filter. @param {string} hash @param {Record<string, string[]>} allowed @returns {Filters} */
export function parseFilters(hash, allowed) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  return /** @type {Filters} */ (Object.fromEntries(FILTERS.map((name) => {
    const text = (given.get(name) ?? "").slice(0, 200);
    return [name, name === "search" || allowed[name].includes(text) ? text : ""];
  })));
}

/** @param {Filters} filters */
export const serialiseFilters = (filters) =>
  FILTERS.filter((name) => filters[name]).map((name) => `${name}=${encodeURIComponent(filters[name])}`).join("&");

/** What GET /api/runs is asked. @param {Filters} filters */
export const wantedOf = ({ search, status, activation, init }) => ({
  status, search: [search.trim(), activation && `${PATHS.activation}=${activation}`, init && `${PATHS.init}=${init}`].filter(Boolean).join(" "),
});
