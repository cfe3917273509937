/** What the panel of update to weight says of layers that it cannot draw. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { updateRatio } from "../../frontend/js/panels/update-ratio.js";

/** @param {(number | null)[]} ratio */
const view = (ratio) => /** @type {any} */ ({ frame: { quantities: { update: { ratio } } } });

test("layers that have not moved count among those that move little, and are named", () => {
  const words = updateRatio.caption(view([0, 0, 1e-9, 2e-3]));
  assert.match(words, /^Of 4 layers 3 move by less than 10⁻⁴ of their weights in this step\./);
  assert.match(words, /In 2 of them no weight has moved/);
});

test("where all have moved nothing more is said", () => {
  assert.match(updateRatio.caption(view([1e-9, 2e-3])), /^Of 2 layers 1 moves by less than 10⁻⁴ of its weights in this step\.$/);
  assert.equal(updateRatio.caption(view([2e-3, 3e-3, null])), "All 2 layers lie within 10⁻⁴ … 10⁻².");
});

/** @param {Record<string, unknown>} frame @param {object} [more] */
const sentence = (frame, more = {}) => updateRatio.empty?.(/** @type {any} */ ({ frame: { step: 1, ...frame }, history: [0, 1], ...more }));
/** @param {(number | null)[]} ratio */
const updates = (ratio) => ({ quantities: { update: { ratio } } });

test("where nothing can be drawn the words say which of the reasons it is", () => {
  assert.match(String(sentence(updates([0, 0]))), /No layer's weights have moved/);
  assert.match(String(sentence(updates([null, null]))), /not finite/);
  assert.match(String(sentence({ quantities: {} })), /not recorded/);
  assert.match(String(sentence({ step: 0, quantities: {} })), /before the first step/);
  assert.equal(sentence(updates([0, 1e-3])), null);
});

test("only of a run that goes on is it said that nothing is there so far", () => {
  const words = (/** @type {boolean} */ running) => sentence({ step: 0, quantities: {} }, { history: [0], running });
  assert.match(String(words(true)), /so far/);
  assert.equal(words(false), "This run has no frame but the one from before the first step.");
});
