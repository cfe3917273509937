/** The loss curve, the predicted gradient, and that every sentence asked for is there. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { powerOfTen } from "../../frontend/js/format.js";
import { FrameStore, thinned } from "../../frontend/js/frames.js";
import { gradientProfile } from "../../frontend/js/panels/gradient-norms.js";
import { theory } from "../../frontend/js/panels/theory.js";
import { spans } from "../../frontend/js/verdict.js";
import { EN } from "../../frontend/i18n/en.js";
import { has, languageIn, t } from "../../frontend/i18n/index.js";
import { ZH } from "../../frontend/i18n/zh.js";

const frame = (seq, step, losses) => ({ seq, step, loss: losses.at(-1), losses, quantities: {}, layers: [1] });

test("frames are kept once and the curve has every step once", () => {
  const store = new FrameStore();
  for (const one of [frame(0, 0, [3]), frame(1, 3, [2.5, 2, null]), frame(1, 3, [9, 9, 9]), frame(2, 5, [1, 0.5])]) store.add(one);
  assert.equal(store.length, 3);
  assert.deepEqual(store.curve, { steps: [0, 1, 2, 3, 4, 5], values: [3, 2.5, 2, null, 1, 0.5] });
  assert.deepEqual([0, 2, 3, 4, 99].map((step) => store.indexOfStep(step)), [0, 0, 1, 1, 2]);
});

/** A frame of three million counts, as it comes. */
const heavy = (seq) => ({ ...frame(seq, 2 * seq, [seq]), quantities: { weight: { moments: btoa("\0".repeat(16)), n: [1], nan: [0], pos_inf: [0], neg_inf: [0],
  linear: { counts: "#".repeat(1_500_000) }, log10: { counts: "#".repeat(1_499_976) } } } });

test("of a long run the first, the newest and those looked at last are at hand; any other is asked for once, and then it is, too", async () => {
  const asked = [], problems = [];
  let here = 0;
  const store = new FrameStore({ again: async (seq) => { asked.push(seq); if (seq === 4) throw new Error("gone"); return heavy(seq); }, loaded: () => { here += 1; }, failed: (problem) => { problems.push(problem.message); } });
  for (let seq = 0; seq < 20; seq += 1) store.add(heavy(seq));
  assert.equal(store.length, 20);
  assert.ok(store.size <= 24e6 && store.whole.size === 8);
  assert.deepEqual([store.at(0).seq, store.at(19).seq, store.stepAt(3), store.history[3].loss], [0, 19, 6, 3]);
  assert.deepEqual([store.at(3), store.at(5)], [undefined, undefined]);
  await new Promise((done) => setTimeout(done));
  assert.deepEqual([asked, here, store.at(3).seq, store.whole.size], [[3], 1, 3, 8]);
  store.at(4);
  await new Promise((done) => setTimeout(done));
  assert.deepEqual([asked, here, problems], [[3, 4], 1, ["gone"]]);
});

test("without a server all frames are kept", () => {
  const store = new FrameStore();
  for (let seq = 0; seq < 12; seq += 1) store.add(heavy(seq));
  assert.equal(store.whole.size, 12);
});

test("a thinned curve keeps its spikes and its end of finiteness", () => {
  const steps = Array.from({ length: 10_000 }, (_, index) => index), values = steps.map((step) => (step === 4321 ? 99 : step === 7000 ? null : 1));
  const out = thinned({ steps, values }, 500);
  assert.ok(out.steps.length <= 510);
  assert.ok(out.values.includes(99) && out.values.includes(null));
});

test("the predicted gradient grows by chi a layer, backwards, and stops where chi is unknown", () => {
  const norms = gradientProfile([1, 2, 3], [4, 4, null], 1);
  assert.deepEqual(norms.map((norm) => Number(norm.toFixed(9))), [4, 2, 1]);
  assert.deepEqual(gradientProfile([1, 2, 3], [4, null, null], 1), [null, null, 1]);
  assert.deepEqual(gradientProfile([1, 2], [1, null], null), [null, null]);
  assert.ok(Math.abs(gradientProfile([1, 3], [4, null], 1)[0] - 4) < 1e-9);
});

test("a depth scale that is not known is not called unbounded: only the critical line has none", () => {
  const facts = (phase, xi) => theory.facts({ theory: { phase, trainable_depth: xi && 6 * xi, fixed_point: { q: 1, chi: 1.5, depth_scale_q: 0, depth_scale_c: xi } } })
    .map(([, value]) => value).slice(-2);
  assert.deepEqual(facts("chaotic", null), ["–", "–"]);
  assert.deepEqual(facts("critical", null), [t("theory.unbounded"), t("theory.any_depth")]);
  assert.deepEqual(facts("chaotic", 5), ["5", t("theory.trainable_layers", { layers: "30" })]);
});

test("powers of ten are written as one writes them", () => {
  assert.deepEqual([0, 1, 2, -12].map(powerOfTen), ["1", "10", "10²", "10⁻¹²"]);
});

test("runs of layers are named by their ends", () => {
  assert.equal(spans([1, 2, 3, 7, 9, 10]), "1–3, 7, 9–10");
});

test("every key that the page asks for has its sentence", () => {
  const root = new URL("../../frontend/", import.meta.url);
  const files = readdirSync(root, { recursive: true }).map(String).filter((file) => /\.html$|^js\/.*\.js$/.test(file)).map((file) => new URL(file, root));
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    for (const [, key] of text.matchAll(/(?:\bt\(|data-text=|data-label=)"([\w.-]+)"/g)) assert.ok(has(key), `${key} in ${file.pathname}`);
  }
  assert.equal(t("status.step", { done: 1, total: 2 }), "step 1/2");
});

const blanks = (text) => [...text.matchAll(/%?\{[\w.:]+\}/g)].map(([name]) => name).sort();

test("both languages have the same sentences with the same blanks, each in its own words", () => {
  assert.deepEqual(Object.keys(ZH).sort(), Object.keys(EN).sort());
  for (const key of Object.keys(EN)) assert.deepEqual(blanks(ZH[key]), blanks(EN[key]), key);
  const alike = Object.keys(EN).filter((key) => ZH[key] === EN[key] && /[a-z]{4}/.test(EN[key].replace(/\{\w+\}/g, "")));
  assert.deepEqual(alike.filter((key) => !/fan_(in|out)$/.test(EN[key])), []);
});

test("every sentence is asked for somewhere", () => {
  const root = new URL("../../frontend/", import.meta.url);
  const files = readdirSync(root, { recursive: true }).map(String).filter((file) => /\.(js|html)$/.test(file) && !file.startsWith("i18n"));
  const text = files.map((file) => readFileSync(new URL(file, root), "utf8")).join("\n");
  const begun = [...text.matchAll(/`([\w.]+\.)\$\{/g)].map(([, head]) => head);
  const asked = (/** @type {string} */ key) => text.includes(`"${key}"`) || begun.some((head) => key.startsWith(head)) || /^(help\.)?panel\./.test(key);
  assert.deepEqual(Object.keys(EN).filter((key) => !asked(key)), []);
});

test("an address names a language, or none", () => {
  assert.equal(languageIn("#network.depth=3&view.lang=zh"), "zh");
  assert.equal(languageIn("#view.lang=xx"), null);
});

test("one is said as one, whatever counts it", () => {
  assert.deepEqual([0, 1, 2, "1", "10"].map((count) => t("card.more", { count })), ["0 more notes", "1 more note", "2 more notes", "1 more note", "10 more notes"]);
  assert.equal(t("compare.left", { count: 1, most: 6, seeds: 20 }), "1 more run is in the address than can be shown: at most 6, and 20 seeds of each. It is left out.");
  assert.equal(t("card.more", {}), EN["card.more"]);
});
