/** Ten thousand addresses made at random, half sense and half none: every page reads each, and names what it did not understand. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { OPTIONS as COMPARED, parseRuns } from "../../frontend/js/compare/state.js";
import { parse as parsePhase } from "../../frontend/js/phase/state.js";
import { FILTERS, parseFilters } from "../../frontend/js/runs/state.js";
import { VIEW_OPTIONS, fieldsOf, parse, parseView, serialise, toConfig } from "../../frontend/js/state.js";
import { catalog, randomFrom } from "./catalog.mjs";

const EACH = 2500;
const KEYS = [
  ...fieldsOf(catalog, {}).map(({ path }) => path), ...Object.keys(catalog.choices).map((path) => `${path}.name`),
  ...Object.entries(catalog.choices).flatMap(([path, table]) => table.entries.flatMap((card) => card.parameters.map(({ name }) => `${path}.${name}`))),
  ...[...VIEW_OPTIONS, ...COMPARED].map(({ path }) => path), ...FILTERS, "dot", "own", "from", "sweep", "points", "colour", "sigma_w2.low",
  "", "view.", "network", "constructor", "__proto__", "toString", "ключ", "<b>", "a\u202eb",
];
const WORDS = Object.values(catalog.choices).flatMap((table) => table.entries.map(({ name }) => name));
const TEXTS = [
  "", " ", "0", "1", "-1", "3.5", "1e3", "1e999", "NaN", "Infinity", "0x10", "9007199254740993", "true", "false", "null", "undefined", "auto", "all", "[]", "1,2", "1,",
  "<script>alert(1)</script>", "\u202e\u0000\ud7ff", "😀", "x".repeat(5000), "init.name,network.depth", "en", "zh", "%", "&#", "..", "__proto__",
];

/** @param {() => number} random */
function randomAddress(random) {
  const pick = (/** @type {string[]} */ list) => list[Math.floor(random() * list.length)];
  const noise = () => Array.from({ length: Math.floor(random() * 12) }, () => String.fromCharCode(Math.floor(random() * 0x3000))).join("");
  const text = () => (random() < 0.4 ? pick(WORDS) : random() < 0.7 ? pick(TEXTS) : random() < 0.5 ? String(Math.floor(random() * 100)) : noise());
  const written = (/** @type {string} */ word) => (random() < 0.8 ? encodeURIComponent(word) : word);
  return `#${Array.from({ length: 1 + Math.floor(random() * 5) }, () => `${written(pick(KEYS))}=${written(text())}`).join(random() < 0.9 ? "&" : "&%E0%A4%A&")}`;
}

/** What is neither taken as it stands nor named. A key that comes twice counts by its last text.
 * @param {string} hash @param {Record<string, unknown>} taken @param {string[]} named */
function unsaid(hash, taken, named) {
  const last = new Map(new URLSearchParams(hash.slice(1)));
  const same = (/** @type {unknown} */ value, /** @type {string} */ text) => String(value) === text || (typeof value === "number" && text.trim() !== "" && Number(text) === value);
  return [...last].filter(([key, text]) => !(Object.hasOwn(taken, key) && same(taken[key], text)) && !named.includes(key)).map(([key]) => key);
}

/** @param {number} seed @param {(hash: string) => void} look */
function forEachAddress(seed, look) {
  const random = randomFrom(seed);
  for (let count = 0; count < EACH; count += 1) {
    const hash = randomAddress(random);
    try { look(hash); } catch (error) { throw new Error(`${JSON.stringify(hash)}: ${error}`, { cause: error }); }
  }
}

test("the dashboard reads any address, names what it leaves out, and what it reads is an address again", () => {
  forEachAddress(1, (hash) => {
    const { state, view, problems } = parse(hash, catalog);
    assert.deepEqual(unsaid(hash, { ...state, ...view }, problems.map(({ key }) => key)), []);
    assert.ok(problems.every(({ reason }) => ["value", "choice", "unknown", "both", "neither", "kind"].includes(reason)));
    assert.deepEqual(parse(`#${serialise(state, catalog, view)}`, catalog), { state, view, problems: [] });
    JSON.stringify(toConfig(state, catalog));
  });
});

test("the comparison's page", () => {
  forEachAddress(2, (hash) => {
    const { view, problems } = parseView(hash, COMPARED), looks = hash.slice(1).split("&").filter((part) => part.startsWith("view.")).join("&");
    assert.deepEqual(unsaid(`#${looks}`, view, problems.map(({ key }) => key)), []);
    const { asked, bad, left } = parseRuns(`?runs=${hash.slice(1)}`);
    assert.ok(asked.length <= 6 && asked.flat().every((id) => /^[\w-]{1,64}$/.test(id)) && bad.every((id) => !/^[\w-]{1,64}$/.test(id)) && left >= 0);
  });
});

test("the list of runs", () => {
  const names = (/** @type {string} */ path) => catalog.choices[path].entries.map(({ name }) => name);
  const allowed = { status: ["queued", "finished"], activation: names("network.activation"), init: names("init") };
  forEachAddress(3, (hash) => {
    const { filters, problems } = parseFilters(hash, allowed);
    const taken = { ...parseView(hash).view, ...filters, search: new URLSearchParams(hash.slice(1)).getAll("search").at(-1) };
    assert.deepEqual(unsaid(hash, taken, problems.map(({ key }) => key)), []);
  });
});

test("the phase diagram", () => {
  forEachAddress(4, (hash) => {
    const { state, dots, own, from, sweep, bad } = parsePhase(hash, catalog), texts = new URLSearchParams(hash.slice(1)).getAll("dot");
    assert.equal(dots.length + bad.filter((text) => text.startsWith("dot=")).length, texts.length);
    const { view } = parseView(hash), taken = { ...state, "view.lang": view["view.lang"], from, sweep, dot: texts.at(-1), own: own ? new URLSearchParams(hash.slice(1)).getAll("own").at(-1) : "" };
    assert.deepEqual(unsaid(hash, taken, bad.map((text) => text.slice(0, text.indexOf("=")))), []);
  });
});

test("controls that a link leaves to move and that there are not are named", () => {
  const { view, problems } = parse("#view.controls=init.name,banana,network.activation,init.std", catalog);
  assert.deepEqual(problems, [{ key: "view.controls", text: "banana", reason: "unknown" }]);
  assert.equal(view["view.controls"], "init.name,network.activation,init.std");
  assert.equal(parse("#view.controls=banana", catalog).view["view.controls"], null);
});
