/** Small multiples: what their small axes say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fewTicks } from "../../frontend/js/panels/multiples.js";

test("a small axis has at least two numbers, all of them on it", () => {
  assert.deepEqual(fewTicks({ low: -2.9, high: 3.1 }).ticktext, ["0", "2"]);
  assert.deepEqual(fewTicks({ low: -0.1, high: 9 }).ticktext, ["0", "5"]);
  assert.deepEqual(fewTicks({ low: -9, high: 1 }).ticktext, ["0", "−5"]);
  assert.deepEqual(fewTicks({ low: 4, high: 5 }).tickvals, [4, 5]);
  assert.deepEqual(fewTicks({ low: 0, high: 8e15 }).ticktext, ["0", "5·10¹⁵"]);
});
