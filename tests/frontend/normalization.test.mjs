/** Which values share a mean: counted over a whole block, for the axes of each normalization. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { groupSize, sharesMean } from "../../frontend/js/panels/normalization-axes.js";

const EXAMPLES = 6, CHANNELS = 8, PIXELS = 9, GROUP = 2;

/** How many of the block's values share the marked one's mean. @param {string[]} axes */
function sharing(axes) {
  let count = 0;
  for (let example = 0; example < EXAMPLES; example += 1)
    for (let channel = 0; channel < CHANNELS; channel += 1)
      for (let pixel = 0; pixel < PIXELS; pixel += 1) count += Number(sharesMean(axes, { example, channel, pixel }, GROUP));
  return count;
}

test("a mean is over all values that differ only along its axes", () => {
  assert.equal(sharing([]), 1);
  assert.equal(sharing(["batch", "pixels"]), EXAMPLES * PIXELS);
  assert.equal(sharing(["channels", "pixels"]), CHANNELS * PIXELS);
  assert.equal(sharing(["pixels"]), PIXELS);
  assert.equal(sharing(["group", "pixels"]), GROUP * PIXELS);
  assert.equal(sharing(["batch"]), EXAMPLES);
});

test("a group is drawn as large as it is where there is room", () => {
  assert.deepEqual([[16, 4], [8, 4], [16, 2], [64, 4], [16, 16], [12, 4]].map(([width, groups]) => groupSize(width, groups)), [4, 2, 4, 2, 1, 2]);
});
