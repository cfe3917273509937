/** The address beside the configuration: what is looked at, what is refused, and that no text breaks it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cardOf, defaults, KIND, parse, plainFields, readValue, serialise, serialiseView, VIEW_OPTIONS, withField } from "../../frontend/js/state.js";
import { catalog, randomFrom } from "./catalog.mjs";

const ROUNDS = 400;
const pick = (random, list) => list[Math.floor(random() * list.length)];

const RANDOM = {
  choice: (random, option) => pick(random, option.choices), bool: (random) => random() < 0.5, int: (random) => pick(random, [null, 0, 7, 49]),
  name: (random) => pick(random, [null, "zeros", "batch-norm-2"]), names: (random) => pick(random, [null, "init.name", "network.depth,training.optimizer.lr"]),
};

function randomView(random) {
  return Object.fromEntries(VIEW_OPTIONS.map((option) => [option.path, RANDOM[option.type](random, option)]));
}

test("the view's text gives the view back, beside any configuration", () => {
  const random = randomFrom(20261122);
  for (let round = 0; round < ROUNDS; round += 1) {
    const view = randomView(random), state = withField(catalog, defaults(catalog), "seed", Math.floor(random() * 9));
    assert.deepEqual(parse(`#${serialise(state, catalog, view)}`, catalog), { state, view, problems: [] });
    assert.deepEqual(parse(`#${serialiseView(view)}`, catalog).view, view);
  }
  assert.equal(serialiseView(parse("", catalog).view), "");
});

test("a view that is not possible is named", () => {
  const asked = ["view.axis=cubic", "view.layer=x", "view.what=1", "view.lesson=../x", "view.controls=a b", "view.lang=fr"];
  assert.deepEqual(parse(`#${asked.join("&")}`, catalog).problems.map(({ key }) => key), asked.map((text) => text.split("=")[0]));
});

test("parsing never throws, whatever the address", () => {
  const random = randomFrom(3), letters = "networkdepthinitname.=&%#+ 1e9-\u2192";
  for (let round = 0; round < ROUNDS; round += 1) {
    const text = Array.from({ length: Math.floor(random() * 40) }, () => pick(random, letters)).join("");
    assert.deepEqual(Object.keys(parse(`#${text}`, catalog).state), Object.keys(defaults(catalog)));
  }
});

test("no text makes a number that is out of bounds, NaN or infinite", () => {
  for (const field of plainFields(catalog).filter((one) => one.type === "int" || one.type === "float")) {
    for (const text of ["NaN", "Infinity", "-Infinity", "", " ", "1e999", "0x", "--1"]) assert.equal(readValue(field, text), undefined, `${field.path}=${text}`);
    if (field.low !== null) assert.equal(readValue(field, String(field.low - 1)), undefined);
    if (field.high !== null) assert.equal(readValue(field, String(field.high * 2 + 1)), undefined);
    if (field.above) assert.equal(readValue(field, String(field.low)), undefined);
  }
});

test("a choice that is not for the kind of network goes back to its table's default", () => {
  const [path, table, entry] = Object.entries(catalog.choices)
    .flatMap(([at, one]) => one.entries.map((found) => [at, one, found])).find(([, , found]) => !found.kinds.includes("mlp"));
  const cnn = withField(catalog, withField(catalog, defaults(catalog), KIND, "cnn"), `${path}.name`, entry.name);
  const back = withField(catalog, cnn, KIND, "mlp");
  assert.equal(back[`${path}.name`], table.default);
  assert.ok(cardOf(catalog, path, back[`${path}.name`]).kinds.includes("mlp"));
  assert.deepEqual(parse(`#${path}.name=${entry.name}`, catalog).problems, [{ key: `${path}.name`, text: entry.name, reason: "kind" }]);
});

test("both steps and epochs: epochs stay, and it is said", () => {
  assert.equal(parse("#training.epochs=3", catalog).state["training.steps"], null);
  assert.deepEqual(parse("#training.epochs=3&training.steps=5", catalog).problems.map(({ reason }) => reason), ["both"]);
  assert.notEqual(withField(catalog, defaults(catalog), "training.steps", null)["training.epochs"], null);
});
