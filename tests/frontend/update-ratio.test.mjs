/** What the panel of update to weight says of layers that it cannot draw. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { updateRatio } from "../../frontend/js/panels/update-ratio.js";

/** @param {(number | null)[]} ratio */
const view = (ratio) => /** @type {any} */ ({ frame: { quantities: { update: { ratio } } } });

test("layers that have not moved count among those that learn too slowly, and are named", () => {
  const words = updateRatio.caption(view([0, 0, 1e-9, 2e-3]));
  assert.match(words, /^Of 4 layers 3 learn too slowly/);
  assert.match(words, /In 2 of them no weight has moved/);
});

test("where all have moved nothing more is said", () => {
  assert.match(updateRatio.caption(view([1e-9, 2e-3])), /^Of 2 layers 1 learns too slowly \(below 10⁻⁴\)\.$/);
  assert.equal(updateRatio.caption(view([2e-3, 3e-3, null])), "All 2 layers lie within 10⁻⁴ … 10⁻².");
});
