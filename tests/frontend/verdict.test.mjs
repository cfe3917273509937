/** Which finding the page names first. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { worstFirst } from "../../frontend/js/verdict.js";

const healthy = { rule: "healthy", severity: "ok" }, note = { rule: "dead_units", severity: "note", measured: 0.4 };
const warning = { rule: "saturation", severity: "warning" }, doubt = { rule: "prediction", severity: "note" };
const names = (findings) => worstFirst(findings).map(({ rule }) => rule);

test("a network that bears a note is well", () => {
  assert.deepEqual(names([note, healthy, { rule: "prediction", severity: "ok" }]), ["healthy", "prediction", "dead_units"]);
});

test("one that will not train is not called well, and what is wrong for sure comes before what is foretold", () => {
  assert.deepEqual(names([note, doubt, healthy]), ["prediction", "healthy", "dead_units"]);
  assert.deepEqual(names([note, doubt, warning]), ["saturation", "prediction", "dead_units"]);
});

test("a prediction that did not hold says nothing against a network that is well", () => {
  assert.deepEqual(names([{ ...doubt, measured: 0.1 }, healthy]), ["healthy", "prediction"]);
});
