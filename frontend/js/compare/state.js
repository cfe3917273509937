/**
 * The comparison's address: `?runs=` names what stands beside each other, the hash how it is looked at.
 * A run is its id; runs that differ only in their seed stand together as `ID~ID~…` and are drawn as a mean with its band.
 * @typedef {import("../types.js").Option} Option
 * @typedef {import("../types.js").State} State
 */
import { LANGUAGES, named } from "../../i18n/index.js";
import { serialiseView } from "../state.js";
import { STATISTICS } from "./statistics.js";

export const MOST = 6, MOST_SEEDS = 20;
export const LETTERS = ["A", "B", "C", "D", "E", "F"];
const ID = /^[\w-]{1,64}$/;

/** @param {string} path @param {string} value @returns {Option} */
const statistic = (path, value) => ({ path, type: "choice", default: value, choices: Object.keys(STATISTICS), menu: true, words: "compare.statistic" });
/** @param {string} path @param {string} value @returns {Option} */
const letter = (path, value) => ({ path, type: "choice", default: value, choices: LETTERS });

/** What is looked at, and how. @type {Option[]} */
export const OPTIONS = [
  { path: "view.step", type: "int", default: null, choices: [] },
  { path: "view.loss_log", type: "bool", default: false, choices: [] },
  statistic("view.signal", "signal"), statistic("view.gradient", "gradient"), statistic("view.units", "dead"),
  letter("view.first", "A"), letter("view.second", "B"),
  { path: "view.quantity", type: "choice", default: "activation", menu: true,
    choices: ["activation", "preactivation", "preactivation_gradient", "weight", "weight_gradient", "update"] },
  { path: "view.lang", type: "choice", default: null, choices: LANGUAGES },
  { path: "view.lesson", type: "name", default: null, choices: [] },
  { path: "view.lesson_step", type: "int", default: null, choices: [] },
  { path: "view.axis", type: "choice", default: "linear", choices: ["linear", "symlog", "log10"], menu: true },
];

/** The options with only so many letters to choose from. @param {number} count */
export const optionsFor = (count) => OPTIONS.map((option) => (option.choices === LETTERS ? { ...option, choices: LETTERS.slice(0, count) } : option));

/** What an address asks for, each once, and what of it cannot be: ids that are none, and what is beyond the limits.
 * @param {string} search @returns {{asked: string[][], bad: string[], left: number}} */
export function parseRuns(search) {
  const words = (new URLSearchParams(search).get("runs") ?? "").split(",").filter(Boolean);
  const groups = [...new Set(words)].map((word) => [...new Set(word.split("~").filter(Boolean))]);
  const bad = groups.flat().filter((id) => !ID.test(id)), good = groups.map((ids) => ids.filter((id) => ID.test(id))).filter((ids) => ids.length);
  const asked = good.slice(0, MOST).map((ids) => ids.slice(0, MOST_SEEDS));
  return { asked, bad, left: good.flat().length - asked.flat().length };
}

/** @param {string[][]} groups @param {State} [view] */
export function compareUrl(groups, view = {}) {
  const hash = serialiseView({ "view.lang": named, ...view }, OPTIONS);
  return `/compare?runs=${groups.map((ids) => ids.map(encodeURIComponent).join("~")).join(",")}${hash && `#${hash}`}`;
}
