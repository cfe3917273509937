/** What the loss's panel draws of a run that diverges at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loss } from "../../frontend/js/panels/loss.js";

const THEME = /** @type {any} */ ({ series: ["#0072b2", "#d55e00", "#009e73"], muted: "#566472", paper: "#ffffff", ink: "#17212b", grid: "#dde3e8" });

/** @param {(number | null)[]} losses */
function view(losses) {
  const history = losses.map((one, step) => ({ step, loss: one, validation_loss: one, accuracy: null, validation_accuracy: null }));
  return /** @type {any} */ ({ theme: THEME, options: {}, epoch: null, history, frame: history[history.length - 1], curve: { steps: history.map(({ step }) => step), values: losses } });
}

test("a single loss is a mark, as no line shows it, and it is not cut off where it lies on the axis", () => {
  const [train, validation] = /** @type {any[]} */ (loss.figure(view([5e14, null])).data);
  assert.deepEqual([train.mode, train.y, train.cliponaxis, validation.cliponaxis], ["lines+markers", [5e14, null], false, false]);
  assert.match(validation.mode, /markers/);
});

test("a loss of every step is a line", () => {
  const [train] = /** @type {any[]} */ (loss.figure(view([2.3, 2.1, null, 1.9])).data);
  assert.equal(train.mode, "lines");
});

test("a run that is not finite from the start is not told to run for longer", () => {
  assert.match(String(loss.empty(view([null]))), /^The loss is not finite before the first step.*initializer/);
  assert.match(String(loss.empty(view([2.3]))), /^Only one frame .* 2\.3\..*more steps/);
});
