/** The address bar is the state's text: parse and serialise are inverse, and nothing else gets in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KIND, cardOf, defaults, fieldsOf, fromConfig, inBounds, parse, serialise, toConfig, withField } from "../../frontend/js/state.js";
import { catalog, randomFrom } from "./catalog.mjs";

const RUNS = 400;

function randomValue(field, random) {
  const words = [...field.special, ...field.choices];
  if (field.type === "choice" || (words.length && random() < 0.3)) return words[Math.floor(random() * words.length)];
  if (field.type === "bool") return random() < 0.5;
  if (field.type === "text") return ["", "0123456789abcdef", "a b&c=d#é%.safetensors"][Math.floor(random() * 3)];
  const [low, high] = field.slider ?? [field.low ?? -10, field.high ?? 10];
  const value = low + random() * (high - low);
  return field.type === "int" ? Math.round(value) : value;
}

/** A state that somebody could click together. */
function randomState(random) {
  let state = withField(catalog, defaults(catalog), KIND, random() < 0.5 ? "mlp" : "cnn");
  for (const [path, table] of Object.entries(catalog.choices)) {
    const usable = table.entries.filter((card) => card.kinds.includes(state[KIND]));
    state = withField(catalog, state, `${path}.name`, usable[Math.floor(random() * usable.length)].name);
  }
  for (const field of fieldsOf(catalog, state).filter(({ path }) => path !== KIND)) {
    const value = randomValue(field, random);
    if (random() < 0.4 && (typeof value !== "number" || inBounds(field, value))) state = withField(catalog, state, field.path, value);
  }
  return state;
}

test("the default state has an empty address", () => {
  assert.equal(serialise(defaults(catalog), catalog), "");
  assert.deepEqual(parse("", catalog), { state: defaults(catalog), view: parse("", catalog).view, problems: [] });
});

test("what is serialised parses back to the same state, without a complaint", () => {
  const random = randomFrom(1);
  for (let run = 0; run < RUNS; run += 1) {
    const state = randomState(random), text = serialise(state, catalog), back = parse(`#${text}`, catalog);
    assert.deepEqual(back.problems, [], text);
    assert.deepEqual(back.state, state, text);
    assert.equal(serialise(back.state, catalog), text);
  }
});

test("the configuration that is sent comes back as the same state", () => {
  const random = randomFrom(2);
  for (let run = 0; run < RUNS; run += 1) {
    const state = randomState(random);
    assert.deepEqual(fromConfig(toConfig(state, catalog), catalog), state);
  }
});

test("no text gets a value in that the catalogue does not allow", () => {
  const random = randomFrom(3), texts = ["NaN", "Infinity", "1e999", "-1", "", " ", "banana", "%", "0x10", "null", "true", "[]", "1,5", "９", "__proto__"];
  const keys = [...fieldsOf(catalog, defaults(catalog)).map((field) => field.path), "init.name", "constructor", "__proto__", "view.layer", "network"];
  for (let run = 0; run < 2000; run += 1) {
    const pick = (list) => list[Math.floor(random() * list.length)];
    const hash = Array.from({ length: 1 + Math.floor(random() * 4) }, () => `${pick(keys)}=${pick(texts)}`).join(pick(["&", "&&", "&%&"]));
    const { state, problems } = parse(hash, catalog);
    for (const field of fieldsOf(catalog, state)) {
      const value = state[field.path];
      const allowed = [...field.special, ...field.choices].includes(value) || (field.type === "bool" ? typeof value === "boolean" : inBounds(field, value));
      assert.ok(allowed || value === field.default, `${hash}: ${field.path} = ${value}`);
    }
    assert.ok(Array.isArray(problems));
  }
});

test("what is not understood is named", () => {
  const { problems, state } = parse("#network.depth=banana&init.name=xaver&what=ever&network.width=32", catalog);
  assert.deepEqual(problems.map(({ key }) => key).sort(), ["init.name", "network.depth", "what"]);
  assert.equal(state["network.width"], 32);
});

test("choosing another entry drops the parameters of the old one", () => {
  const normal = withField(catalog, defaults(catalog), "init.name", "normal");
  assert.ok("init.std" in normal);
  assert.ok(!("init.std" in withField(catalog, normal, "init.name", "xavier_normal")));
});

test("another kind of network leaves choices that are not for it", () => {
  const points = withField(catalog, defaults(catalog), "data.name", "moons");
  const cnn = withField(catalog, points, KIND, "cnn");
  assert.ok(cardOf(catalog, "data", cnn["data.name"]).kinds.includes("cnn"));
});

test("steps and epochs exclude each other", () => {
  const epochs = withField(catalog, defaults(catalog), "training.epochs", 3);
  assert.equal(epochs["training.steps"], null);
  assert.equal(withField(catalog, epochs, "training.steps", 5)["training.epochs"], null);
});
