/** Whose turn it is to be drawn, in a browser whose clock stands still but for what drawing takes. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const FRAME_MS = 16, DRAWING_MS = 12, LONGEST_TASK_MS = 40;

/** Tasks that wait, each from when on, and what was drawn: by which chart, when, and in which task. */
const world = { now: 1000, task: 0, waiting: [], drawn: [] };
const later = (run, delay = 0) => { world.waiting.push({ run, at: world.now + delay }); return run; };
const observers = [];

class Observer {
  constructor(heard) { observers.push(this); this.heard = heard; }
  observe() {}
}

Object.assign(globalThis, {
  ResizeObserver: Observer, IntersectionObserver: Observer, matchMedia: () => ({ matches: false }), performance: { now: () => world.now },
  setTimeout: later, clearTimeout: (run) => { world.waiting = world.waiting.filter((one) => one.run !== run); },
  requestAnimationFrame: (run) => later(run, FRAME_MS - (world.now % FRAME_MS)),
  window: { setTimeout: later, Plotly: {
    Icons: {}, register() {},
    react(element) { world.now += DRAWING_MS; world.drawn.push({ name: element.name, at: world.now, task: world.task }); },
  } },
});
const { render } = await import("../../frontend/js/charts.js");
const [, seen] = observers;

const chart = (name) => ({ name, hidden: false, _fullLayout: {}, on() {}, querySelector: () => null, getBoundingClientRect: () => ({ width: 400, height: 300 }) });
const change = (charts) => { for (const one of charts) render(one, () => ({ data: [], layout: {} })); };

/** Runs what waits, task by task, for so long. */
function pass(time) {
  const end = world.now + time;
  for (;;) {
    const next = world.waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
    if (!next) break;
    world.waiting.splice(world.waiting.indexOf(next), 1);
    world.now = Math.max(world.now, next.at);
    world.task += 1;
    next.run();
  }
  world.now = Math.max(world.now, end);
}

/** All charts change at once, again and again. */
function stream(every, times) {
  for (let time = 0; time < times; time += 1) { change(CHARTS); pass(every); }
}

const CHARTS = ["first", "second", "third", "fourth", "fifth", "hidden"].map(chart), [FIRST, ...OTHERS] = CHARTS.slice(0, -1), HIDDEN = CHARTS[CHARTS.length - 1];
const namesOf = (drawn) => drawn.map(({ name }) => name);
const tasks = () => [...new Set(world.drawn.map(({ task }) => task))].map((task) => namesOf(world.drawn.filter((one) => one.task === task)));
const timesOf = ({ name }) => world.drawn.filter((one) => one.name === name).map(({ at }) => at);
const longestWait = (one, from) => Math.max(...[...timesOf(one), world.now].map((at, index, all) => at - (index ? all[index - 1] : from)));

change(CHARTS);
seen.heard([{ target: HIDDEN, isIntersecting: false }]);
pass(5000);

beforeEach(() => { pass(5000); world.drawn = []; });

test("the first on the page is drawn in the next animation frame, whatever else has changed before it", () => {
  change([...OTHERS, FIRST]);
  pass(FRAME_MS);
  assert.deepEqual(namesOf(world.drawn), ["first"]);
});

test("the others follow in tasks of their own, none of them long", () => {
  change(CHARTS);
  pass(300);
  assert.deepEqual(tasks(), [["first"], ["second", "third"], ["fourth", "fifth"]]);
});

test("a chart that changes alone need not wait for the first", () => {
  change([OTHERS[2]]);
  pass(FRAME_MS);
  assert.deepEqual(namesOf(world.drawn), ["fourth"]);
});

test("where the first changes in every frame, it is drawn in every frame, by itself, and all others have their turn", () => {
  const began = world.now;
  stream(FRAME_MS / 2, 400);
  const frames = timesOf(FIRST).length;
  assert.ok(frames >= 50, `the first was drawn ${frames} times in ${world.now - began} ms`);
  assert.deepEqual(tasks().filter((names) => names.includes("first") && names.length > 1), []);
  for (const other of OTHERS) assert.ok(longestWait(other, began) < 500, `${other.name} waited for ${longestWait(other, began)} ms`);
  const longest = Math.max(...tasks().map((names) => names.length * DRAWING_MS));
  assert.ok(longest <= LONGEST_TASK_MS, `a task of ${longest} ms`);
});

test("those who waited longest come first", () => {
  change([FIRST, OTHERS[3]]);
  world.now += 5;
  change([OTHERS[0], OTHERS[1]]);
  pass(300);
  assert.deepEqual(namesOf(world.drawn), ["first", "fifth", "second", "third"]);
});

test("one that is out of sight costs nothing while frames stream in, and is not left behind", () => {
  stream(2 * FRAME_MS, 50);
  assert.deepEqual(timesOf(HIDDEN), []);
  pass(2000);
  assert.equal(timesOf(HIDDEN).length, 1);
});

test("one that comes into sight is drawn with the others", () => {
  change([HIDDEN]);
  pass(100);
  assert.deepEqual(timesOf(HIDDEN), []);
  seen.heard([{ target: HIDDEN, isIntersecting: true }]);
  pass(FRAME_MS);
  assert.equal(timesOf(HIDDEN).length, 1);
  seen.heard([{ target: HIDDEN, isIntersecting: false }]);
});

test("of what changed several times between two animation frames the last is drawn, once", () => {
  const made = [];
  for (const value of [1, 2, 3]) render(FIRST, () => { made.push(value); return { data: [], layout: {} }; });
  pass(200);
  assert.deepEqual([made, timesOf(FIRST).length], [[3], 1]);
});
