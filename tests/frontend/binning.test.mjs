/** Rebinning keeps what it moves; axes go there and back; rows without a finite value are empty. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { axisOf, backward, flattened, gridOf, rebin, total } from "../../frontend/js/binning.js";
import { randomFrom } from "./catalog.mjs";

const near = (a, b, tolerance = 1e-9) => assert.ok(Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b)), `${a} != ${b}`);
const edgesOf = (low, high, bins) => Float64Array.from({ length: bins + 1 }, (_, index) => low + ((high - low) * index) / bins);

/** A quantity of rows given as arrays of values. */
function quantityOf(rows, bins = 16) {
  const finite = rows.map((row) => row.filter(Number.isFinite));
  const pick = (f) => finite.map((row) => (row.length ? f(row) : null));
  const mean = pick((row) => row.reduce((a, b) => a + b, 0) / row.length);
  const mean_square = pick((row) => row.reduce((a, b) => a + b * b, 0) / row.length);
  const low = pick((row) => Math.min(...row)), high = pick((row) => Math.max(...row));
  const counts = finite.map((row, index) => {
    const found = new Array(bins).fill(0), span = high[index] - low[index];
    for (const x of row) found[span ? Math.min(bins - 1, Math.floor(((x - low[index]) / span) * bins)) : 0] += 1;
    return found;
  });
  const log = finite.map((row) => {
    const found = new Array(bins).fill(0);
    for (const x of row) if (x !== 0) found[Math.min(bins - 1, Math.max(0, Math.floor(((Math.log10(Math.abs(x)) + 4) / 8) * bins)))] += 1;
    return found;
  });
  const count = (f) => rows.map((row) => row.filter(f).length);
  return {
    mean, mean_square, std: mean.map((m, index) => (m === null ? null : Math.sqrt(Math.max(0, mean_square[index] - m * m)))),
    min: low, max: high, n: rows.map((row) => row.length), nan: count(Number.isNaN),
    pos_inf: count((x) => x === Infinity), neg_inf: count((x) => x === -Infinity), zeros: count((x) => x === 0),
    linear: { low, high, counts }, log10: { low: -4, high: 4, counts: log },
  };
}

test("rebinning onto wider edges keeps every count", () => {
  const random = randomFrom(4);
  for (let run = 0; run < 300; run += 1) {
    const counts = Array.from({ length: 1 + Math.floor(random() * 64) }, () => Math.floor(random() * 100));
    const low = (random() - 0.5) * 10, high = low + random() * 10;
    const out = rebin(counts, low, high, edgesOf(low - random(), high + random() + 1e-9, 1 + Math.floor(random() * 200)));
    near(total(out), total(counts));
    assert.ok(out.every((value) => value >= -1e-9));
  }
});

test("rebinning onto the same edges changes nothing", () => {
  const counts = [3, 0, 5, 7];
  rebin(counts, -2, 2, edgesOf(-2, 2, 4)).forEach((value, index) => near(value, counts[index]));
});

test("a single value goes whole into one bin", () => {
  for (const x of [-1, 0, 0.3, 1]) assert.deepEqual([...rebin([9, 0, 0], x, x, edgesOf(-1, 1, 10))].filter((value) => value > 0), [9]);
});

test("what an axis cuts off is what its cells lack", () => {
  const random = randomFrom(5);
  const gauss = (scale) => Array.from({ length: 500 }, () => scale * (random() + random() + random() - 1.5));
  const quantity = quantityOf([gauss(1), gauss(0.01), gauss(1000), [0.1, 0.1, 0.1], [NaN, Infinity], [0, 0, 1]]);
  for (const name of ["linear", "symlog"]) {
    const { shares, cut } = gridOf(quantity, axisOf(quantity, name));
    shares.forEach((share, row) => near(total(share) + cut[row], row === 4 ? 0 : 1));
  }
  const log = gridOf(quantity, axisOf(quantity, "log10"));
  near(total(log.shares[0]), 1);
  near(total(log.shares[5]), 1 / 3);
});

test("every axis goes there and back", () => {
  const quantity = quantityOf([[-3, -0.01, 0.002, 5], [0.5, 2, 7, 9]]);
  for (const name of ["linear", "symlog"]) {
    const axis = axisOf(quantity, name);
    for (const x of [-3, -0.01, 0, 0.002, 5]) near(backward(axis, axis.forward(x)), x, 1e-9);
  }
  near(backward(axisOf(quantity, "log10"), Math.log10(7)), 7);
});

test("a signal that vanishes or explodes keeps its widest layers in sight, and a single odd one is cut", () => {
  const random = randomFrom(6);
  const gauss = (scale) => Array.from({ length: 500 }, () => scale * (random() + random() + random() - 1.5));
  const width = (scales) => { const axis = axisOf(quantityOf(scales.map(gauss)), "linear"); return axis.high - axis.low; };
  const powers = Array.from({ length: 30 }, (_, layer) => 0.2 ** layer);
  assert.ok(width(powers) > 2 && width(powers.toReversed()) > 2);
  assert.ok(width([1, 1, 1000, 1]) < 50);
});

test("rows that a linear axis shows as 0 are counted, and no others", () => {
  const random = randomFrom(6), row = (/** @type {number} */ size) => Array.from({ length: 400 }, () => size * (random() + random() + random() - 1.5));
  const rows = [1000, 1000, 300, 20, 1, 1e-6].map(row), quantity = quantityOf([...rows, [0, 0], [NaN]]);
  const grid = gridOf(quantity, axisOf(quantity, "linear")), near = grid.centers[1] - grid.centers[0];
  const hidden = rows.filter((values) => values.filter((x) => Math.abs(x) < 2 * near).length > 0.9 * values.length);
  assert.equal(flattened(quantity, grid), hidden.length);
  assert.equal(hidden.length, 3);
  for (const name of ["symlog", "log10"]) assert.equal(flattened(quantity, gridOf(quantity, axisOf(quantity, name))), 0);
});
