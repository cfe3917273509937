/**
 * The phase diagram's state: an activation with its parameters, the axes, the network of the measured map, what the colour
 * says, the map that was measured, the dots left by clicks with the runs that trained them, which network one came from and where
 * it stands. The address bar's hash is its text.
 * @typedef {import("../types.js").Catalog} Catalog
 * @typedef {import("../types.js").Field} Field
 * @typedef {import("../types.js").State} State
 * @typedef {import("../types.js").Value} Value
 */
import { LANGUAGE, cardFields, cardOf, parseView, plainFields, readValue } from "../state.js";
import { readFrom } from "./link.js";

export const ACTIVATION = "network.activation";
export const COLOURS = ["theory", "measured", "correlation", "variance", "loss"];
const FROM_NETWORK = ["network.depth", "network.width", "seed"];

/** @param {string} path @param {number} value @param {number} high @param {boolean} [above] @returns {Field} */
const bound = (path, value, high, above = false) => ({
  path, name: path, type: "float", default: value, label: "", help: "", low: 0, high, above, slider: null, log: false, choices: [], special: [], unit: "", kinds: ["mlp"],
});

/** Fields of the page that are not the catalogue's. @type {Field[]} */
const OWN = [
  bound("sigma_w2.low", 0.25, 1e5), bound("sigma_w2.high", 4, 1e6, true), bound("sigma_b2.low", 0, 1e5), bound("sigma_b2.high", 0.5, 1e6, true),
  { ...bound("points", 24, 64), type: "int", low: 2 }, { ...bound("train_steps", 100, 2000), type: "int", low: 1 },
  { ...bound("colour", 0, 0), type: "choice", default: "theory", choices: COLOURS },
];

/** @param {Catalog} catalog @param {Value} activation @returns {Field[]} */
export function fieldsOf(catalog, activation) {
  const table = catalog.choices[ACTIVATION];
  const name = { ...OWN[OWN.length - 1], path: `${ACTIVATION}.name`, default: "tanh", choices: table.entries.map((entry) => entry.name) };
  const shared = plainFields(catalog).filter((field) => FROM_NETWORK.includes(field.path)).map((field) => ({ ...field, default: SIZES[field.path] ?? field.default }));
  return [name, ...cardFields(ACTIVATION, cardOf(catalog, ACTIVATION, activation)), ...shared, ...OWN];
}

/** The measured map's own sizes: those of the literature's figures. @type {Record<string, number>} */
const SIZES = { "network.depth": 50, "network.width": 200 };

/** The state of an address, the dots in it, the runs of those that were trained, the map that was
 * measured, one's own point and where one came from. @param {string} hash @param {Catalog} catalog
 * @returns {{state: State, dots: [number, number][], runs: Map<string, string>, own: [number, number] | null, from: string | null, sweep: string, bad: string[]}} */
export function parse(hash, catalog) {
  const given = new URLSearchParams(hash.replace(/^#/, "")), bad = parseView(hash, [LANGUAGE]).problems.map(({ key, text }) => `${key}=${text}`);
  const wanted = given.get(`${ACTIVATION}.name`);
  const fields = fieldsOf(catalog, cardOf(catalog, ACTIVATION, wanted) ? wanted : "tanh");
  const state = Object.fromEntries(fields.map((field) => [field.path, field.default]));
  for (const [key, text] of given) {
    if (["dot", "own", "from", "sweep"].includes(key) || key.startsWith("view.")) continue;
    const field = fields.find(({ path }) => path === key), value = field && readValue(field, text);
    if (value === undefined) bad.push(`${key}=${text}`);
    else state[key] = value;
  }
  /** @type {[number, number][]} */
  const dots = [], /** @type {Map<string, string>} */ runs = new Map();
  for (const text of given.getAll("dot")) {
    const [, place = text, id] = RUN.exec(text) ?? [], dot = readDot(place);
    if (!dot) bad.push(`dot=${text}`);
    else dots.push(dot);
    if (dot && id) runs.set(dot.join(","), id);
  }
  const text = given.getAll("own").at(-1), own = text === undefined ? null : readDot(text);
  if (text !== undefined && !own) bad.push(`own=${text}`);
  const place = given.getAll("from").at(-1), from = place === undefined ? null : readFrom(place);
  if (place !== undefined && from === null) bad.push(`from=${place}`);
  const named = given.getAll("sweep").at(-1) ?? "", sweep = ID.test(named) ? named : "";
  if (named !== sweep) bad.push(`sweep=${named}`);
  return { state, dots, runs, own, from, sweep, bad };
}

const ID = /^[0-9a-f]{16}$/;

/** A dot's two numbers, and the id of the run that trained the network there. */
const RUN = /^(.*),([0-9a-f]{16})$/;

/** Two numbers from 0 on, or null. @param {string} text @returns {[number, number] | null} */
function readDot(text) {
  const parts = text.split(","), [w2, b2] = parts.map(Number);
  return parts.length === 2 && parts.every((part) => part.trim() !== "") && [w2, b2].every((x) => Number.isFinite(x) && x >= 0) ? [w2, b2] : null;
}

/** @typedef {{dots?: [number, number][], runs?: Map<string, string>, sweep?: string, own?: [number, number] | null, from?: string | null}} Marks */

/** @param {State} state @param {Catalog} catalog @param {Marks} marks what was left on the map */
export function serialise(state, catalog, { dots = [], runs = new Map(), sweep = "", own = null, from = null }) {
  const fields = fieldsOf(catalog, state[`${ACTIVATION}.name`]).filter(({ path, default: usual }) => state[path] !== undefined && state[path] !== usual);
  const pairs = [...fields.map(({ path }) => [path, String(state[path])]), ...dots.map((dot) => ["dot", [...dot, ...(runs.has(dot.join(",")) ? [runs.get(dot.join(","))] : [])].join(",")]), ...(sweep ? [["sweep", sweep]] : []), ...(from ? [["from", from]] : []), ...(own ? [["own", own.join(",")]] : [])];
  return pairs.map(([key, text]) => `${key}=${encodeURIComponent(text)}`).join("&");
}

/** The network that the map varies, as a RunConfig. @param {State} state @param {Catalog} catalog */
export function network(state, catalog) {
  const name = state[`${ACTIVATION}.name`];
  const own = cardFields(ACTIVATION, cardOf(catalog, ACTIVATION, name)).map((field) => [field.name, state[field.path]]);
  return { depth: state["network.depth"], width: state["network.width"], activation: { name, ...Object.fromEntries(own) } };
}

/** What networks of the diagram are trained on, and how. */
const DIGITS = { name: "digits", batch_size: 64 }, PLAIN = { name: "sgd", lr: 0.05 };

/** What POST /api/sweeps takes. @param {State} state @param {Catalog} catalog @param {number} count @param {boolean} [trained] */
export function sweepConfig(state, catalog, count, trained = false) {
  const axis = (/** @type {string} */ name) => ({ low: state[`${name}.low`], high: state[`${name}.high`], count });
  return {
    base: { network: network(state, catalog), data: trained ? DIGITS : { name: "gaussian", batch_size: 16 }, seed: state.seed, training: { optimizer: PLAIN } },
    sigma_w2: axis("sigma_w2"), sigma_b2: axis("sigma_b2"), train_steps: trained ? state.train_steps : 0,
  };
}

/** One point of the map as a run of its own. @param {State} state @param {Catalog} catalog @param {[number, number]} dot */
export function pointConfig(state, catalog, [w2, b2]) {
  return {
    network: network(state, catalog), init: { name: "variance_scaling", scale: w2, mode: "fan_in", distribution: "normal" },
    bias_init: { name: "normal", std: Math.sqrt(b2) }, data: { name: "gaussian" }, seed: state.seed,
  };
}

/** The same network, trained as the points of a trained map are. @param {State} state @param {Catalog} catalog @param {[number, number]} dot */
export function trainedConfig(state, catalog, dot) {
  return { ...pointConfig(state, catalog, dot), data: DIGITS, training: { steps: state.train_steps, optimizer: PLAIN } };
}
