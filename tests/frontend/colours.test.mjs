/** The colours of the phase diagram, where they lie, and their bar. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SHOWN, colouring, isShown } from "../../frontend/js/phase/colours.js";
import { figure, gridOf, isStraight } from "../../frontend/js/phase/figure.js";

const THEME = /** @type {any} */ ({ scale: [[0, "#ffffff"], [0.5, "#808080"], [1, "#000000"]] });
const row = (/** @type {object} */ known) => /** @type {any} */ ({ sigma_w2: [1, 2], q: [null, null], correlation: [null, null], chi: [null, null], final_loss: [null, null], ...known });

test("one odd row does not leave one colour for all others", () => {
  const values = [...Array.from({ length: 97 }, (_, index) => 0.2 + index / 50), 1e-30, 1e-29, 0];
  const { zmin, zmax, colorbar } = colouring(THEME, "", SHOWN.variance, values);
  assert.deepEqual([zmin, zmax], [-1, 1]);
  assert.deepEqual(colorbar.ticktext, ["≤ 10⁻¹", "1", "10"]);
});

test("ends are whole powers of ten with equal steps between them", () => {
  const { zmin, zmax, colorbar } = colouring(THEME, "", SHOWN.variance, [1e-30, 1e-30, 1e14, 1e14]);
  const steps = colorbar.tickvals.slice(1).map((place, index) => place - colorbar.tickvals[index]);
  assert.ok(zmin <= -30 && zmax >= 14 && new Set(steps).size === 1 && steps.length <= 5);
});

test("values beyond the ends are told at the ends, and only these", () => {
  assert.deepEqual(colouring(THEME, "", SHOWN.theory, [2, 50]).colorbar.ticktext, ["1", "10", "10²", "10³"]);
  assert.deepEqual(colouring(THEME, "", SHOWN.theory, [0.1, 5000, null]).colorbar.ticktext, ["≤ 1", "10", "10²", "≥ 10³"]);
  assert.deepEqual(colouring(THEME, "", SHOWN.correlation, [1 + 1e-7, 0]).colorbar.ticktext, ["0", "0.5", "1"]);
});

test("what has learned has the colour of a large depth scale", () => {
  const end = (/** @type {string} */ name) => colouring(THEME, "", SHOWN[name], []).colorscale;
  assert.equal(end("loss")[0][1], end("theory")[2][1]);
  assert.equal(end("loss")[2][1], end("theory")[0][1]);
});

test("a measured map has nothing to show of training", () => {
  const rows = [row({ q: [1, null], chi: [1, 0.5] })];
  assert.deepEqual(["theory", "measured", "variance", "correlation", "loss"].map((colour) => isShown(rows, colour)), [true, true, true, false, false]);
  assert.equal(isShown([row({ chi: [1, null] })], "measured"), false); // chi = 1 has no depth scale
});

test("a row keeps its height while the others are on their way", () => {
  const map = /** @type {any} */ ({ sigma_w2: [0, 4], sigma_b2: [0, 0.2, 0.6] });
  const grid = gridOf(/** @type {any} */ ({ map, rows: [row({ seq: 0, correlation: [0.1, 0.2] }), row({ seq: 2, correlation: [0.3, 0.4] })], total: 4, colour: "correlation" }));
  assert.deepEqual(grid.values, [[0.1, 0.2], [null, null], [0.3, 0.4], [null, null]]);
  grid.y.forEach((y, seq) => assert.ok(Math.abs(y - seq * 0.2) < 1e-12));
  assert.deepEqual(grid.x, [1, 2]);
});

test("a trained network without a loss has diverged, once all are trained", () => {
  const map = /** @type {any} */ ({ sigma_w2: [1, 2], sigma_b2: [0, 1], chi: [[0.5, 2], [0.5, 2]], q: [[1, 1], [1, 1]], depth_scale: [[1, 1], [1, 1]],
    critical_sigma_w2: [1.5, 1.5], critical_line: { sigma_w2: [], sigma_b2: [] }, trainable: { sigma_w2: [], sigma_b2: [] } });
  const rows = [0, 1].map((seq) => row({ seq, final_loss: [0.4, null], chi: [1.1, null] }));
  const named = (/** @type {string} */ colour, /** @type {any[]} */ known) => figure(/** @type {any} */ ({ theme: { ...THEME, paper: "#ffffff", ink: "#000000", muted: "#808080", danger: "#ff0000", grid: "#eeeeee" },
    map, rows: known, total: 2, colour, dots: [], own: null })).data.find(({ fill }) => fill === "toself").name;
  assert.deepEqual([named("loss", rows), named("loss", rows.slice(1)), named("measured", rows)], ["diverged", "no number here", "no number here"]);
  assert.deepEqual([[2, 2, 2], [1, 1.2, 1.3], [2, null, 2]].map((line) => isStraight(/** @type {any} */ ({ critical_sigma_w2: line }))), [true, false, false]);
});
