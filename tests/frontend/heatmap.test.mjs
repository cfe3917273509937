/** Lines over the heat map are seen on all its colours. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { axisOf } from "../../frontend/js/binning.js";
import { overlay } from "../../frontend/js/panels/heatmap.js";

const QUANTITY = /** @type {any} */ ({
  n: [10, 10, 10], nan: [0, 0, 10], pos_inf: [0, 0, 0], neg_inf: [0, 0, 0],
  mean: [0, 1, null], std: [1, 2, null], mean_square: [1, 5, null], min: [-3, -4, null], max: [3, 6, null],
  linear: { low: [-3, -4, null], high: [3, 6, null], counts: [[1], [1], [0]] }, log10: { low: -2, high: 1, counts: [[1], [1], [0]] },
});
const VIEW = /** @type {any} */ ({ frame: { layers: [1, 2, 3] }, theme: { ink: "#101010", paper: "#fefefe" } });

for (const [name, lines] of [["linear", 2], ["log10", 1]]) {
  test(`under the lines of the ${name} axis lies the paper's colour, as one wider line of all their points`, () => {
    const axis = axisOf(QUANTITY, /** @type {any} */ (name)), [under, ...over] = overlay(VIEW, QUANTITY, /** @type {any} */ ({ axis }));
    assert.equal(over.length, lines);
    assert.deepEqual(under.x, over.flatMap(({ x }) => [...x, null]));
    assert.deepEqual(under.y, over.flatMap(({ y }) => [...y, null]));
    assert.ok(over.every(({ line }) => under.line.width >= line.width + 2));
    assert.match(under.line.color, /^rgba\(254,254,254,/);
    assert.ok(under.y.some((y) => y !== null) && under.showlegend === false && under.connectgaps === false);
  });
}

test("the spread is drawn above and below the mean", () => {
  const [, , spread] = overlay(VIEW, QUANTITY, /** @type {any} */ ({ axis: axisOf(QUANTITY, "linear") }));
  assert.deepEqual([spread.x, spread.y, spread.text], [[1, 2, 3, null, 1, 2, 3], [1, 3, null, null, -1, -1, null], ["1", "3", "", "", "−1", "−1", ""]]);
});
