/** Sentences in the language of the page: the one that the address names, else the browser's. */
import { EN } from "./en.js";
import { ZH } from "./zh.js";

/** @type {Record<string, Record<string, string>>} */
const TABLES = { en: EN, zh: ZH };

export const LANGUAGES = Object.keys(TABLES);

/** What the browser prefers, as far as there is a table for it. */
const preferred = () => (globalThis.navigator?.languages ?? []).map((tag) => tag.slice(0, 2)).find((tag) => LANGUAGES.includes(tag)) ?? "en";

/** The language that an address asks for, or null. @param {string} hash */
export const languageIn = (hash) => {
  const named = new URLSearchParams(hash.replace(/^#/, "")).get("view.lang");
  return named !== null && LANGUAGES.includes(named) ? named : null;
};

/** The language that the address of this page asks for, which links to other pages carry on. */
export const named = languageIn(globalThis.location?.hash ?? "");
export const language = named ?? preferred();

/** @param {string} key @param {Record<string, unknown>} [values] @returns {string} */
export function t(key, values = {}) {
  return (TABLES[language][key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** @param {string} key */
export const has = (key) => key in TABLES[language];
