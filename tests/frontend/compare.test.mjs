/** Comparisons: what differs, what an address asks for, runs as one line with a band, shared axes, colours told apart by all. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BINS, gridOf, rebin, sharedAxis, total } from "../../frontend/js/binning.js";
import { differences } from "../../frontend/js/compare/differences.js";
import { labelOf } from "../../frontend/js/compare/labels.js";
import { seriesTraces } from "../../frontend/js/compare/panels/common.js";
import { statisticPanel, together } from "../../frontend/js/compare/panels/statistic.js";
import { reach } from "../../frontend/js/compare/panels/losses.js";
import { spread } from "../../frontend/js/compare/spread.js";
import { LETTERS, MOST, OPTIONS, compareUrl, optionsFor, parseRuns } from "../../frontend/js/compare/state.js";
import { parseFilters, serialiseFilters, wantedOf } from "../../frontend/js/runs/state.js";
import { parseView } from "../../frontend/js/state.js";
import { randomFrom } from "./catalog.mjs";

test("only the keys that differ, with undefined where there is none", () => {
  const base = { network: { depth: 5, residual: false }, init: { name: "normal", std: 0.1 }, seed: 0 };
  assert.deepEqual(differences([base, structuredClone(base)]), []);
  const other = { network: { depth: 5, residual: true }, init: { name: "orthogonal" }, seed: 0 };
  assert.deepEqual(differences([base, other, base]), [
    { path: "network.residual", values: [false, true, false] },
    { path: "init.name", values: ["normal", "orthogonal", "normal"] },
    { path: "init.std", values: [0.1, undefined, 0.1] },
  ]);
  assert.deepEqual(differences([{ a: null }, { a: 0 }, {}]).map(({ values }) => values), [[null, 0, undefined]]);
});

test("a run with a single loss has a whole mark beside a longer one's line", () => {
  const of = (/** @type {any} */ y) => ({ x: y.map((/** @type {any} */ _, /** @type {number} */ step) => step), y });
  const traces = [[3.6, null], [null, null], [2.3, 2.2, 2.1]].map((y) => seriesTraces(/** @type {any} */ ({ letter: "A", colour: "#000", members: [y] }), of, { mode: "lines" })[0]);
  assert.deepEqual(traces.map(({ mode }) => mode), ["lines+markers", "lines", "lines"]);
  assert.deepEqual(traces.map(({ cliponaxis }) => cliponaxis), [false, undefined, undefined]);
});

test("the difference of a configuration and its change is the change", () => {
  const random = randomFrom(7);
  for (let run = 0; run < 100; run += 1) {
    const config = { a: { b: random(), c: { d: "x", e: false } }, f: 1 }, changed = structuredClone(config);
    if (random() < 0.5) changed.a.b += 1;
    if (random() < 0.5) changed.a.c.e = true;
    if (random() < 0.5) changed.f = 2;
    const expected = [["a.b", config.a.b !== changed.a.b], ["a.c.e", changed.a.c.e], ["f", changed.f === 2]].filter(([, is]) => is).map(([path]) => path);
    assert.deepEqual(differences([config, changed]).map(({ path }) => path), expected);
  }
});

test("an address names runs and groups, each once, and says what it cannot show", () => {
  assert.deepEqual(parseRuns("?runs=ab,cd~ef~cd,ab,,"), { asked: [["ab"], ["cd", "ef"]], bad: [], left: 0 });
  assert.deepEqual(parseRuns("").asked, []);
  assert.deepEqual(parseRuns("?runs=%3Cb%3E,a~../x"), { asked: [["a"]], bad: ["<b>", "../x"], left: 0 });
  const { asked, left } = parseRuns(`?runs=a,b,c,d,e,f,g,h~i`);
  assert.deepEqual([asked.length, left], [MOST, 3]);
  assert.deepEqual([parseRuns(`?runs=${Array.from({ length: 25 }, (_, index) => `r${index}`).join("~")}`)].map((found) => [found.asked[0].length, found.left]), [[20, 5]]);
});

test("a comparison's address and its view go there and back", () => {
  const groups = [["0123456789abcdef"], ["aa-1", "bb"]];
  const view = { ...parseView("", OPTIONS).view, "view.step": 40, "view.signal": "update", "view.second": "A", "view.axis": "symlog" };
  const url = new URL(compareUrl(groups, view), "http://x");
  assert.deepEqual(parseRuns(url.search).asked, groups);
  assert.deepEqual(parseView(url.hash, optionsFor(2)), { view, problems: [] });
  assert.equal(compareUrl(groups, parseView("", OPTIONS).view), compareUrl(groups));
  assert.deepEqual(parseView("#view.second=C", optionsFor(2)).problems.map(({ key }) => key), ["view.second"]);
  assert.equal(LETTERS.length, MOST);
});

test("several runs are a mean with its range, where all of them have a finite point", () => {
  const lines = [{ x: [0, 1, 2, 3], y: [1, 2, null, 5] }, { x: [0, 1, 2], y: [3, 6, 4] }];
  assert.deepEqual(spread(lines), { x: [0, 1, 2], count: 2, mean: [2, 4, null], low: [1, 2, null], high: [3, 6, null] });
  const random = randomFrom(8), many = Array.from({ length: 9 }, () => ({ x: [0, 1], y: [random(), random()] }));
  const { mean, low, high } = spread(many);
  for (const at of [0, 1]) {
    const values = many.map(({ y }) => y[at]);
    assert.ok(Math.abs(values.reduce((a, b) => a + b) / 9 - mean[at]) < 1e-12);
    assert.deepEqual([low[at], high[at]], [Math.min(...values), Math.max(...values)]);
  }
});

test("layers that are exactly 0 in every seed are counted, where the axis has no place for them", () => {
  const member = (norm) => ({ frame: { layers: [1, 2, 3], quantities: { preactivation_gradient: { norm } } } });
  const series = [["A", [[0, 0, 2]]], ["B", [[1, 2, 3]]], ["C", [[0, 0, 0], [0, null, 1]]]].map(([letter, norms]) => ({ letter, members: norms.map(member) }));
  const panel = statisticPanel("view.gradient"), caption = (of) => panel.caption({ series: of, options: { "view.gradient": "gradient" } });
  assert.equal(caption(series), "Exactly 0, which has no place on this axis: A in 2 of 3 layers, C in 1 of 3 layers.");
  assert.equal(caption([series[1]]), "");
});

/** A quantity of one row, with even counts. */
const quantityOf = (low, high, logLow, logHigh) => ({
  mean: [(low + high) / 2], std: [(high - low) / Math.sqrt(12)], mean_square: [(low * low + low * high + high * high) / 3], n: [64], nan: [0], pos_inf: [0], neg_inf: [0],
  linear: { low: [low], high: [high], counts: [new Array(64).fill(1)] }, log10: { low: logLow, high: logHigh, counts: [new Array(64).fill(1)] },
});

test("a shared axis holds what each axis held, and no count is lost on it", () => {
  const pair = [quantityOf(-1, 1, -3, 0), quantityOf(-2, 2.5, -2, 0.5)];
  for (const name of ["linear", "symlog", "log10"]) {
    const axis = sharedAxis(pair, name);
    for (const quantity of pair) assert.ok(Math.abs(total(gridOf(quantity, axis).shares[0]) - 1) < 1e-9, name);
    assert.deepEqual([...gridOf(pair[0], axis).centers], [...gridOf(pair[1], axis).centers]);
  }
  const axis = sharedAxis(pair, "log10"), step = (axis.high - axis.low) / 96;
  const expected = rebin(pair[1].log10.counts[0], -2, 0.5, Float64Array.from({ length: 97 }, (_, index) => axis.low + index * step));
  gridOf(pair[1], axis).shares[0].forEach((share, bin) => assert.ok(Math.abs(share - expected[bin] / 64) < 1e-12));
});

test("filters go into the address and back, and what is not allowed is no filter", () => {
  const allowed = { status: ["finished"], activation: ["tanh"], init: ["zeros"] }, filters = { search: "a b&c", status: "finished", activation: "tanh", init: "zeros" };
  assert.deepEqual(parseFilters(`#${serialiseFilters(filters)}`, allowed), { filters, problems: [] });
  const odd = parseFilters("#status=lost&init=%00&other=1&view.lang=zh", allowed);
  assert.deepEqual(odd.filters, { search: "", status: "", activation: "", init: "" });
  assert.deepEqual(odd.problems.map(({ key }) => key), ["status", "init", "other"]);
  assert.deepEqual(wantedOf(filters), { status: "finished", search: "a b&c network.activation.name=tanh init.name=zeros" });
});

// ---- the colours of six runs, as eyes see them that lack a cone (Machado, Oliveira & Fernandes 2009, severity 1) ----

const EYES = {
  all: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protan: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deutan: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritan: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};
const times = (matrix, vector) => [0, 1, 2].map((row) => vector.reduce((sum, value, column) => sum + matrix[3 * row + column] * value, 0));
const linear = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));

/** CIE L*a*b* of linear RGB under D65. */
function lab(rgb) {
  const white = [0.9505, 1, 1.089], xyz = times([0.4124, 0.3576, 0.1805, 0.2126, 0.7152, 0.0722, 0.0193, 0.1192, 0.9505], rgb.map((v) => Math.min(1, Math.max(0, v))));
  const [x, y, z] = xyz.map((v, index) => v / white[index]).map((v) => (v > 0.008856 ? Math.cbrt(v) : 7.787 * v + 16 / 116));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

test("the six colours are told apart by every eye, in light and dark", () => {
  const css = readFileSync(new URL("../../frontend/styles/base.css", import.meta.url), "utf8");
  const [, series] = css.match(/--series:([^;]+);/), palettes = [...series.matchAll(/var\(--in-\w+, ([^)]+)\)/g)].map(([, text]) => text.split(" "));
  assert.equal(palettes.length, 2);
  for (const palette of palettes) {
    assert.equal(palette.length, MOST);
    for (const [name, matrix] of Object.entries(EYES)) {
      const seen = palette.map((colour) => lab(times(matrix, linear(colour))));
      for (let a = 0; a < seen.length; a += 1) {
        for (let b = 0; b < a; b += 1) assert.ok(Math.hypot(...seen[a].map((v, index) => v - seen[b][index])) > 10, `${palette[a]} and ${palette[b]} (${name})`);
      }
    }
  }
});

test("a lesson's label is that of the contestant that says most of the run", () => {
  const plain = { label: "plain", config: { network: { depth: 20 } } }, residual = { label: "residual", config: { network: { depth: 20, residual: true } } };
  const whole = (more) => ({ network: { depth: 20, width: 256, residual: false, ...more }, seed: 0 });
  assert.equal(labelOf(whole({}), [plain, residual]), "plain");
  assert.equal(labelOf(whole({ residual: true }), [plain, residual]), "residual");
  assert.equal(labelOf(whole({ depth: 30 }), [plain, residual]), null);
});

test("one loss far beyond all others does not flatten them", () => {
  const series = (letter, values, validation = []) => ({ letter, members: [{ curve: { values }, history: validation.map((loss) => ({ validation_loss: loss })) }] });
  assert.deepEqual(reach({ series: [series("A", [2, 1]), series("B", [40, 3])] }), { top: Infinity, beyond: [] });
  assert.deepEqual(reach({ series: [series("A", [1e20, null]), series("B", [4, 3]), series("C", [2], [1e9])] }), { top: 6, beyond: ["A", "C"] });
  assert.deepEqual(reach({ series: [series("A", [0, 0]), series("B", [null])] }), { top: Infinity, beyond: [] });
});

test("on a shared axis all have the same bins, also where one of them has that very axis as its own", () => {
  const pair = [quantityOf(-1, 1, -3, 0), quantityOf(-2, 2, -5, 1)], axis = sharedAxis(pair, "log10");
  assert.deepEqual([axis.low, axis.high], [-5, 1]);
  const [first, second] = pair.map((quantity) => gridOf(quantity, axis, BINS));
  assert.deepEqual([...first.centers], [...second.centers]);
  for (const { shares } of [first, second]) assert.ok(Math.abs(total(shares[0]) - 1) < 1e-9);
});

test("lines that lie on each other are named, as only the last is seen", () => {
  const line = (letter, values) => ({ letter, values });
  assert.deepEqual(together([line("A", [1, 1e-9]), line("B", [1, 1.001e-9]), line("C", [1, 2e-9])], "log"), [["A", "B"]]);
  assert.deepEqual(together([line("A", [0.1, null]), line("B", [0.101, null]), line("C", [0.101, 0.2])], "share"), [["A", "B"]]);
  assert.deepEqual(together([line("A", [1]), line("B", [1.001])], "linear"), []);
  assert.deepEqual(together([line("A", [0, 0]), line("B", [0, 0])], "log"), []);
  assert.deepEqual(together([line("A", [0, 0]), line("B", [0, 0]), line("C", [])], "share"), [["A", "B"]]);
});
