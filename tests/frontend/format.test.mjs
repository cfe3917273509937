/** Numbers in words, and the one policy for what is not finite. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, integer, isEmptyRow, nonFinite, number, percent, positive } from "../../frontend/js/format.js";

test("what is not finite is said, never shown as a number", () => {
  for (const x of [null, undefined, NaN, Infinity, -Infinity]) {
    assert.equal(number(x), "not finite");
    assert.equal(percent(x), "not finite");
    assert.equal(positive(x), null);
  }
});

test("the counters say what it was", () => {
  const quantity = { n: [200, 10], nan: [2, 0], pos_inf: [50, 0], neg_inf: [0, 0], linear: { low: [0, null] } };
  assert.equal(nonFinite(quantity, 0), "1\u202f% NaN, 25\u202f% +Inf");
  assert.equal(nonFinite(quantity, 1), "");
  assert.equal(isEmptyRow(quantity, 0), false);
  assert.equal(isEmptyRow(quantity, 1), true);
});

test("numbers are short and keep their sign and size", () => {
  assert.deepEqual([0, 1.23456, -0.5, 123456, 1e-7, -2.5e20].map((x) => number(x)), ["0", "1.23", "−0.5", "1.23·10⁵", "1.00·10⁻⁷", "−2.50·10²⁰"]);
  assert.deepEqual([1432.4, 9999.4, 17044, -99000].map((x) => number(x)), ["1432", "9999", "17\u202f044", "−99\u202f000"]);
  assert.equal(integer(1234567), "1\u202f234\u202f567");
  assert.deepEqual([0, 1, 0.5, 0.99995, 1e-6].map(percent), ["0\u202f%", "100\u202f%", "50\u202f%", "> 99.9\u202f%", "< 0.01\u202f%"]);
  assert.deepEqual([0.2, 30, 600, 7200].map(duration), ["< 1 s", "30 s", "10 min", "2.0 h"]);
});
