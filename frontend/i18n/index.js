/**
 * Sentences in the language of the page: the one that the address names, else the browser's. The page's own have keys; what the
 * server says comes in English with the template that it was made from, which is the key of the same sentence in another language.
 * @typedef {{template: string, values: Record<string, string | Part[]>}} Part
 */
import { EN } from "./en.js";
import { SAID } from "./zh.said.js";
import { ZH } from "./zh.js";

/** @type {Record<string, Record<string, string>>} */
const TABLES = { en: EN, zh: { ...ZH, ...SAID } };

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

/** The text of an address with the language in it, where there is one to carry on. @param {string} hash @param {string | null} [language] */
export const addressed = (hash, language = named) => [language && `view.lang=${language}`, hash].filter(Boolean).join("&");

/** "{count|unit is|units are}" is the first where the count is 1, else the second. @param {string} key @param {Record<string, unknown>} [values] @returns {string} */
export function t(key, values = {}) {
  return (TABLES[language][key] ?? key).replace(/\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g, (whole, name, one, many) => {
    if (!(name in values)) return whole;
    return one === undefined ? String(values[name]) : String(values[name]) === "1" ? one : many;
  });
}

/** @param {string} key */
export const has = (key) => key in TABLES[language];

/** A text of the server, put together again. @param {Part[]} parts @returns {string} */
const assembled = (parts) => parts.map(({ template, values }) =>
  t(template, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === "string" ? value : assembled(value)])))).join(t("words.between"));

/** A field of what the server sent, in the language of the page; in English it is there already, and so is what was stored before
 * texts remembered how they were made. @param {object} record @param {string} field @returns {any} a text, or a list of them */
export function said(record, field) {
  const { [field]: text, words } = /** @type {Record<string, any>} */ (record), parts = words?.[field];
  if (language === "en" || !parts?.length) return text;
  return Array.isArray(parts[0]) ? parts.map(assembled) : assembled(parts);
}
