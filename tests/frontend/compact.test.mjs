/** Frames in the compact form, read as the page reads them, against the same frames in full: both from the models and the server's code. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import { opened } from "../../frontend/js/compact.js";

const SCRIPT = `
import json, sys
from models.config import RunConfig
from models.training import train
from server.compact import compact
for config in json.loads(sys.argv[1]):
    for frame in train(RunConfig.model_validate(config)):
        print(json.dumps([frame, compact(frame)]))
`;
const CONFIGS = [
  { network: { depth: 6, width: 48 }, training: { steps: 2 }, capture: { every: 1 } },
  { network: { depth: 5, width: 300, activation: { name: "tanh" } }, training: { steps: 0 }, capture: { samples: "all", bins: 32 } },
  { network: { depth: 60, width: 16 }, init: { name: "variance_scaling", scale: 200 }, training: { steps: 0 } },  // infinities and NaN
  { network: { depth: 4, width: 8 }, init: { name: "zeros" }, training: { steps: 0 } },
];
const pairs = execFileSync(".venv/bin/python", ["-c", SCRIPT, JSON.stringify(CONFIGS)], { encoding: "utf8", maxBuffer: 1 << 28 })
  .trim().split("\n").map((line) => JSON.parse(line));

/** @param {string} what @param {(number | null)[]} got @param {(number | null)[]} wanted @param {number} relative */
function near(what, got, wanted, relative) {
  assert.equal(got.length, wanted.length, what);
  wanted.forEach((value, row) => {
    if (value === null) assert.equal(got[row], null, `${what} ${row}`);
    else assert.ok(got[row] !== null && Math.abs(got[row] - value) <= relative * Math.abs(value) + 1e-44, `${what} ${row}: ${got[row]}, not ${value}`);
  });
}

test("moments are the full frame's to float32, whatever overflowed", () => {
  assert.ok(pairs.some(([frame]) => frame.quantities.activation.mean.includes(null)), "some row has nothing finite");
  assert.ok(pairs.some(([frame]) => frame.quantities.activation.mean_square.some((square) => square > 3.5e38)), "some mean square is beyond float32");
  for (const [frame, short] of pairs) {
    const read = opened(structuredClone(short));
    assert.deepEqual(Object.keys(read.quantities), Object.keys(frame.quantities));
    for (const [name, full] of Object.entries(frame.quantities)) {
      const got = read.quantities[name];
      assert.deepEqual(Object.keys(got).sort(), Object.keys(full).sort(), name);
      for (const column of ["mean", "std", "min", "max"]) near(`${name}.${column}`, got[column], full[column], 1e-7);
      near(`${name}.mean_square`, got.mean_square, full.mean_square, 3e-7);
      near(`${name}.norm`, got.norm, full.norm, 3e-7);
      near(`${name}.low`, got.linear.low, full.linear.low, 1e-7);
      near(`${name}.high`, got.linear.high, full.linear.high, 1e-7);
      assert.deepEqual([got.log10.low, got.log10.high], [full.log10.low, full.log10.high]);
      for (const column of ["n", "zeros", "nan", "pos_inf", "neg_inf", "ratio", "dead", "saturated"]) assert.deepEqual(got[column], full[column]);
    }
  }
});

test("counts are the full frame's to half their standard error, and none is none", () => {
  let largest = 0;
  for (const [frame, short] of pairs) {
    const read = opened(structuredClone(short));
    for (const [name, full] of Object.entries(frame.quantities)) {
      for (const kind of ["linear", "log10"]) {
        full[kind].counts.forEach((row, index) => {
          const got = read.quantities[name][kind].counts[index];
          assert.ok(got instanceof Float32Array, "four bytes a count");
          assert.equal(got.length, row.length);
          row.forEach((count, bin) => {
            assert.ok(Math.abs(Math.sqrt(got[bin]) - Math.sqrt(count)) <= 0.25, `${name} ${kind} ${index} ${bin}: ${got[bin]}, not ${count}`);
            assert.equal(got[bin] === 0, count === 0);
            largest = Math.max(largest, count);
          });
        });
      }
    }
  }
  assert.ok(largest > 10_000, "also characters far beyond ASCII");
});
