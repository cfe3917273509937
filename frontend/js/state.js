/**
 * The page's state is a flat table of fields made from the catalogue; the address bar is its text.
 * `parse` and `serialise` are pure and inverse. Every value is checked on the way in: what was not understood is
 * returned beside the state, never let through and never dropped in silence.
 * @typedef {import("./types.js").Catalog} Catalog
 * @typedef {import("./types.js").Card} Card
 * @typedef {import("./types.js").Field} Field
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Value} Value
 * @typedef {import("./types.js").Option} Option
 * @typedef {{key: string, text: string, reason: string}} Problem
 */
import { LANGUAGES } from "../i18n/index.js";

export const KIND = "network.kind";
const STEPS = "training.steps", EPOCHS = "training.epochs", CONTROLS = "view.controls";

/** The one option that every page has. @type {Option} */
export const LANGUAGE = { path: "view.lang", type: "choice", default: null, choices: LANGUAGES };

/** What is looked at, and how; not part of the configuration. @type {Option[]} */
export const VIEW_OPTIONS = [
  { path: "view.quantity", type: "choice", default: "activation",
    choices: ["activation", "preactivation", "preactivation_gradient", "weight", "weight_gradient", "update"] },
  { path: "view.axis", type: "choice", default: "linear", choices: ["linear", "symlog", "log10"] },
  { path: "view.form", type: "choice", default: "heatmap", choices: ["heatmap", "ridges", "multiples"] },
  { path: "view.layer", type: "int", default: null, choices: [] },
  { path: "view.step", type: "int", default: null, choices: [] },
  { path: "view.loss_log", type: "bool", default: false, choices: [] },
  { path: "view.accuracy", type: "bool", default: false, choices: [] },
  { path: "view.lesson", type: "name", default: null, choices: [] },
  { path: "view.lesson_step", type: "int", default: null, choices: [] },
  { path: "view.controls", type: "names", default: null, choices: [] },
  LANGUAGE,
];

/** What a text in the address may be, where it is none of given choices. @type {Record<string, RegExp>} */
const SHAPES = { name: /^[a-z0-9][a-z0-9-]{0,39}$/, names: /^[a-z0-9_.]{1,60}(,[a-z0-9_.]{1,60}){0,39}$/, text: /^.{0,128}$/ };

/** The fields of the sections that are no table. @param {Catalog} catalog @returns {Field[]} */
export const plainFields = (catalog) =>
  catalog.sections.flatMap((section) => section.controls).filter((control) => control.type !== "table");

/** @param {Catalog} catalog @param {string} path @param {Value} name @returns {Card | undefined} */
export const cardOf = (catalog, path, name) => catalog.choices[path].entries.find((entry) => entry.name === name);

/** The parameters of one entry of a table, each with its path. @param {string} path @param {Card | undefined} card @returns {Field[]} */
export const cardFields = (path, card) =>
  (card?.parameters ?? []).map((parameter) => ({ ...parameter, path: `${path}.${parameter.name}` }));

/** Every field that counts while the tables stand as in `state`. @param {Catalog} catalog @param {State} state @returns {Field[]} */
export const fieldsOf = (catalog, state) => [
  ...plainFields(catalog),
  ...Object.keys(catalog.choices).flatMap((path) => cardFields(path, cardOf(catalog, path, state[`${path}.name`]))),
];

/** @param {Catalog} catalog @returns {State} */
export function defaults(catalog) {
  /** @type {State} */
  const state = {};
  for (const field of plainFields(catalog)) state[field.path] = field.default;
  for (const path of Object.keys(catalog.choices)) choose(catalog, state, path, catalog.choices[path].default);
  return state;
}

/** Puts an entry into its table: the old entry's parameters vanish, the new one's stand at their defaults.
 * @param {Catalog} catalog @param {State} state @param {string} path @param {string} name */
function choose(catalog, state, path, name) {
  for (const field of cardFields(path, cardOf(catalog, path, state[`${path}.name`]))) delete state[field.path];
  state[`${path}.name`] = name;
  for (const field of cardFields(path, cardOf(catalog, path, name))) state[field.path] = field.default;
}

/** The state with one field set, and what follows from it. @param {Catalog} catalog @param {State} before @param {string} key @param {Value} value @returns {State} */
export function withField(catalog, before, key, value) {
  const state = { ...before };
  const table = tableOf(catalog, key);
  if (table) choose(catalog, state, table, String(value));
  else state[key] = value;
  if (key === KIND) leaveUnusable(catalog, state);
  if (key === EPOCHS) state[STEPS] = value === null ? fallback(catalog, STEPS) : null;
  if (key === STEPS) state[EPOCHS] = value === null ? (before[EPOCHS] ?? firstEpochs(catalog)) : null;
  return state;
}

/** @param {Catalog} catalog @param {string} key */
const tableOf = (catalog, key) => Object.keys(catalog.choices).find((path) => key === `${path}.name`);
/** @param {Catalog} catalog @param {string} path */
const fallback = (catalog, path) => plainFields(catalog).find((field) => field.path === path)?.default ?? null;
/** @param {Catalog} catalog */
const firstEpochs = (catalog) => plainFields(catalog).find((field) => field.path === EPOCHS)?.low ?? 1;

/** Tables whose entry is not for this kind of network go back to their default; what they were. @param {Catalog} catalog @param {State} state */
function leaveUnusable(catalog, state) {
  const left = Object.keys(catalog.choices).map((path) => ({ path, name: String(state[`${path}.name`]) }))
    .filter(({ path, name }) => !cardOf(catalog, path, name)?.kinds.includes(String(state[KIND])));
  for (const { path } of left) choose(catalog, state, path, catalog.choices[path].default);
  return left;
}

/** Text to value, or undefined where the text is none of the field's values.
 * @param {{type: string, choices: Value[]} & Partial<Omit<Field, "type" | "choices">>} field @param {string} text @returns {Value | undefined} */
export function readValue(field, text) {
  for (const word of [...(field.special ?? []), ...field.choices]) if (text === String(word)) return word;
  if (field.type === "bool") return text === "true" ? true : text === "false" ? false : undefined;
  if (field.type in SHAPES) return SHAPES[field.type].test(text) ? text : undefined;
  if (field.type === "choice" || field.type === "table" || text.trim() === "") return undefined;
  const number = Number(text);
  return inBounds(field, number) ? number : undefined;
}

/** @param {{type?: string, low?: number | null, high?: number | null, above?: boolean}} field @param {number} number */
export function inBounds(field, number) {
  if (!Number.isFinite(number) || (field.type === "int" && !Number.isInteger(number))) return false;
  if (field.low != null && (field.above ? number <= field.low : number < field.low)) return false;
  return field.high == null || number <= field.high;
}

/** @param {string} text @returns {[string, string][]} */
export const pairs = (text) => [...new URLSearchParams(text.replace(/^#/, ""))];

/** The state that an address says, and what in it was not understood.
 * @param {string} hash @param {Catalog} catalog @returns {{state: State, view: State, problems: Problem[]}} */
export function parse(hash, catalog) {
  const entries = pairs(hash), config = entries.filter(([key]) => !key.startsWith("view."));
  const { view, problems } = parseView(hash);
  nameControls(catalog, view, problems);
  const state = defaults(catalog);
  for (const [key, text] of config) {
    const table = tableOf(catalog, key);
    if (table && cardOf(catalog, table, text)) choose(catalog, state, table, text);
    else if (table) problems.push({ key, text, reason: "choice" });
  }
  const given = readFields(catalog, state, config.filter(([key]) => !tableOf(catalog, key)), problems);
  settleLength(catalog, state, given, problems);
  for (const { path, name } of leaveUnusable(catalog, state)) problems.push({ key: `${path}.name`, text: name, reason: "kind" });
  return { state, view, problems };
}

/** @param {Catalog} catalog @param {State} state @param {[string, string][]} entries @param {Problem[]} problems */
function readFields(catalog, state, entries, problems) {
  const fields = new Map(fieldsOf(catalog, state).map((field) => [field.path, field]));
  const given = new Set();
  for (const [key, text] of entries) {
    const field = fields.get(key), value = field && readValue(field, text);
    if (value === undefined) problems.push({ key, text, reason: field ? "value" : "unknown" });
    else state[key] = value, given.add(key);
  }
  return given;
}

/** A link may leave only some controls to move; those that there are not are left out. @param {Catalog} catalog @param {State} view @param {Problem[]} problems */
function nameControls(catalog, view, problems) {
  if (view[CONTROLS] === null) return;
  const cards = Object.entries(catalog.choices).flatMap(([path, table]) => table.entries.flatMap((card) => [{ path: `${path}.name` }, ...cardFields(path, card)]));
  const paths = [...plainFields(catalog), ...cards].map(({ path }) => path);
  const names = String(view[CONTROLS]).split(","), known = names.filter((name) => paths.some((path) => `${path}.`.startsWith(`${name}.`)));
  if (known.length < names.length) problems.push({ key: CONTROLS, text: names.filter((name) => !known.includes(name)).join(","), reason: "unknown" });
  view[CONTROLS] = known.join(",") || null;
}

/** Steps and epochs exclude each other, and one of them there must be.
 * @param {Catalog} catalog @param {State} state @param {Set<string>} given @param {Problem[]} problems */
function settleLength(catalog, state, given, problems) {
  if (state[EPOCHS] === undefined || state[STEPS] === undefined) return;
  if (state[EPOCHS] !== null && state[STEPS] !== null) {
    if (given.has(STEPS)) problems.push({ key: STEPS, text: String(state[STEPS]), reason: "both" });
    state[STEPS] = null;
  }
  if (state[EPOCHS] === null && state[STEPS] === null) {
    problems.push({ key: STEPS, text: "null", reason: "neither" });
    state[STEPS] = fallback(catalog, STEPS);
  }
}

/** @param {string} hash @param {Option[]} [options] @returns {{view: State, problems: Problem[]}} */
export function parseView(hash, options = VIEW_OPTIONS) {
  const view = Object.fromEntries(options.map((option) => [option.path, option.default]));
  /** @type {Problem[]} */
  const problems = [];
  for (const [key, text] of pairs(hash).filter(([name]) => name.startsWith("view."))) {
    const option = options.find((one) => one.path === key);
    const value = option && readValue({ ...option, low: 0 }, text);
    if (value === undefined) problems.push({ key, text, reason: option ? "value" : "unknown" });
    else view[key] = value;
  }
  return { view, problems };
}

/** Only what differs from the defaults, as text. @param {State} state @param {Catalog} catalog @param {State} [view] */
export function serialise(state, catalog, view = {}) {
  return join([...changed(state, catalog), ...changedView(view)]);
}

/** @param {State} view @param {Option[]} [options] */
export const serialiseView = (view, options = VIEW_OPTIONS) => join(changedView(view, options));

/** @param {[string, Value][]} entries */
const join = (entries) => entries.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join("&");

/** @param {State} view @param {Option[]} [options] @returns {[string, Value][]} */
const changedView = (view, options = VIEW_OPTIONS) => options
  .filter((option) => view[option.path] !== undefined && view[option.path] !== option.default)
  .map((option) => [option.path, view[option.path]]);

/** @param {State} state @param {Catalog} catalog @returns {[string, Value][]} */
function changed(state, catalog) {
  const names = Object.entries(catalog.choices)
    .filter(([path, table]) => state[`${path}.name`] !== table.default)
    .map(([path]) => /** @type {[string, Value]} */ ([`${path}.name`, state[`${path}.name`]]));
  const values = fieldsOf(catalog, state)
    .filter((field) => state[field.path] !== field.default)
    .map((field) => /** @type {[string, Value]} */ ([field.path, state[field.path]]));
  return [...names, ...values];
}

/** The configuration to send: nested, only what differs from the defaults. @param {State} state @param {Catalog} catalog */
export function toConfig(state, catalog) {
  /** @type {Record<string, any>} */
  const config = {};
  for (const [key, value] of changed(state, catalog)) {
    const parts = key.split("."), last = /** @type {string} */ (parts.pop());
    parts.reduce((node, part) => (node[part] ??= {}), config)[last] = value;
  }
  for (const path of Object.keys(catalog.choices)) nameIt(config, path, state);
  return config;
}

/** Parameters of a table's entry mean nothing without its name. @param {Record<string, any>} config @param {string} path @param {State} state */
function nameIt(config, path, state) {
  const node = path.split(".").reduce((/** @type {any} */ found, part) => found?.[part], config);
  if (node) node.name = state[`${path}.name`];
}

/** The state of a nested configuration, as a run's record carries it. @param {Record<string, any>} config @param {Catalog} catalog @returns {State} */
export function fromConfig(config, catalog) {
  const at = (/** @type {string} */ key) => key.split(".").reduce((/** @type {any} */ node, part) => node?.[part], config);
  const state = defaults(catalog);
  for (const path of Object.keys(catalog.choices)) {
    const name = at(`${path}.name`);
    if (cardOf(catalog, path, name)) choose(catalog, state, path, name);
  }
  for (const field of fieldsOf(catalog, state)) {
    const value = at(field.path);
    if (value !== undefined) state[field.path] = value;
  }
  if (state[EPOCHS] !== null && at(STEPS) === undefined) state[STEPS] = null;
  return state;
}
