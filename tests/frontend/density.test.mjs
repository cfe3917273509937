/** Theory's share of a bin against the density summed over it, and the axes that theory's lines have room on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { logAxis } from "../../frontend/js/panels/common.js";
import { share, shareOfSizes } from "../../frontend/js/panels/density.js";

/** Midpoints of so many strips. @param {number} q @param {number} low @param {number} high */
function summed(q, low, high, strips = 20_000) {
  const width = (high - low) / strips, density = (/** @type {number} */ x) => Math.exp((-x * x) / (2 * q)) / Math.sqrt(2 * Math.PI * q);
  return Array.from({ length: strips }, (_, index) => width * density(low + (index + 0.5) * width)).reduce((sum, part) => sum + part, 0);
}

test("the share of a bin is the density summed over it, however wide the bin is", () => {
  for (const q of [1e-6, 0.3, 1, 4e4]) {
    const std = Math.sqrt(q);
    for (const [low, high] of [[-0.05, 0.05], [0.4, 0.5], [-3, -1], [-8, 8], [2, 9]].map((ends) => ends.map((end) => end * std))) {
      assert.ok(Math.abs(share(q, low, high) - summed(q, low, high)) < 1e-6, `${q} ${low} ${high}`);
    }
  }
});

test("a bin that is far wider than the Gaussian has all of it or nothing", () => {
  assert.deepEqual([share(1, -1e37, 1e37), share(1, 1e36, 3e36), share(1e-300, -1, 1)], [1, 0, 1]);
});

test("on the axis of sizes both signs count", () => {
  for (const [low, high] of [[-3, -2.9], [-0.1, 0], [0.3, 0.5], [-6, 3]]) {
    assert.ok(Math.abs(shareOfSizes(2, low, high) - 2 * summed(2, 10 ** low, 10 ** high, 200_000)) < 1e-6);
  }
});

test("a logarithmic axis has room for what theory says near the values, and does not flatten them where it is far", () => {
  const ends = (/** @type {number[]} */ beside) => logAxis("", [1, 10], beside).range;
  const [low, high] = ends([]), near = ends([0.1, 30]), far = ends([1e-30, 1e30]);
  assert.ok(low < 0 && high > 1 && high - low < 2);
  assert.ok(near[0] < -1 && near[1] > Math.log10(30) && near[1] < 2);
  assert.ok(far[0] > -2.7 && far[1] < 3.7);
  assert.deepEqual(logAxis("", [null, 0], [5]).range, [-1, 1]);
});
