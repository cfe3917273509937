/**
 * The runs that somebody keeps to compare, for as long as the tab is open. An entry's id is a run's, or those of a group joined by "~".
 * @typedef {{id: string, name: string}} Kept
 */
const KEY = "kept";

/** A browser may refuse storage; then nothing is kept beyond the page. @type {Kept[]} */
let here = [];

/** @returns {Kept[]} */
export function kept() {
  try { return JSON.parse(sessionStorage.getItem(KEY) ?? "[]"); } catch { return here; }
}

/** @param {Kept[]} entries */
export function keep(entries) {
  here = entries;
  try { sessionStorage.setItem(KEY, JSON.stringify(entries)); } catch { /* nothing to do: they are kept as long as the page */ }
}

/** Kept now, or no longer. @param {Kept} entry */
export function toggleKept(entry) {
  const others = kept().filter(({ id }) => id !== entry.id);
  keep(others.length < kept().length ? others : [...others, entry]);
}
