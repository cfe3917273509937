/** A lesson's answers, as people give them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readFileSync, readdirSync } from "node:fs";
import { EN as en } from "../../frontend/i18n/en.js";
import { ZH as zh } from "../../frontend/i18n/zh.js";
import { configOf, isRight, lessonsOf, optionsOf, readNumber } from "../../frontend/js/lesson.js";
import { splitAt } from "../../frontend/js/look.js";

test("a number is read as people type it", () => {
  assert.deepEqual(["0.63", "0,63", " 1e-3 ", "63 %".replace(" ", ""), "−2", "3.5e2"].map(readNumber), [0.63, 0.63, 0.001, 0.63, -2, 350]);
  for (const text of ["", "  ", "half", "1.2.3"]) assert.ok(Number.isNaN(readNumber(text)), text);
});

test("an answer is right within its bounds, and nothing else is", () => {
  const number = { ask: "", why: "", low: 0.6, high: 0.7 };
  assert.deepEqual([0.59, 0.6, 0.65, 0.7, 0.71, NaN].map((answer) => isRight(number, answer)), [false, true, true, true, false, false]);
  const choice = { ask: "", why: "", choices: ["a", "b"], answer: 1 };
  assert.deepEqual([0, 1].map((answer) => isRight(choice, answer)), [false, true]);
});

test("each lesson stands in the list once, in the page's language where it can", () => {
  const entry = (id, language) => ({ id, language, order: 1, title: id + language, summary: "", steps: 1, url: "" });
  const found = lessonsOf({ lessons: [entry("a", "zh"), entry("a", "en"), entry("b", "zh")] });
  assert.deepEqual(found.map(({ title }) => title), ["aen", "bzh"]);
});

test("a step shows its configuration, or the first that it compares", () => {
  assert.deepEqual(configOf({ config: { seed: 1 }, compare: [{ config: { seed: 2 } }] }), { seed: 1 });
  assert.deepEqual(configOf({ compare: [{ config: { seed: 2 } }] }), { seed: 2 });
});

test("a step says all of what is looked at, so that nothing stays of the step before", () => {
  const weights = optionsOf("a", 1, { view: { quantity: "weight", layer: 3 } }, ["seed"]), plain = optionsOf("a", 2, {}, []);
  assert.deepEqual([weights["view.quantity"], weights["view.layer"], weights["view.controls"]], ["weight", 3, "seed"]);
  assert.deepEqual([plain["view.quantity"], plain["view.layer"], plain["view.controls"]], ["activation", null, null]);
  assert.deepEqual([plain["view.lesson"], plain["view.lesson_step"]], ["a", 2]);
  assert.ok(!("view.lang" in plain) && !("view.quantity" in optionsOf(null, 1, null, [])));
});

test("a text is split at the words found in it, the longest first", () => {
  assert.deepEqual(splitAt("One layer, then Loss (log).", ["One layer", "layer", "Loss (log)", ""]), ["One layer", ", then ", "Loss (log)", "."]);
  assert.deepEqual(splitAt("One layer", []), ["One layer"]);
});

const FOLDER = new URL("../../frontend/lessons/", import.meta.url);
const TITLES = Object.fromEntries(Object.entries({ en, zh }).map(([language, table]) =>
  [language, Object.entries(table).filter(([key]) => /^panel\.[a-z-]+$/.test(key)).map(([, text]) => text)]));

for (const file of readdirSync(FOLDER)) test(`${file}: what to look at is a panel`, () => {
  const titles = TITLES[file.split(".")[1]];
  const lost = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")).steps.filter(({ look }) => !splitAt(look, titles).some((part) => titles.includes(part)));
  assert.deepEqual(lost.map(({ look }) => look), []);
});
