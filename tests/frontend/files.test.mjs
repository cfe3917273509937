/** What the page saves: archives, tables, names and pictures. (tests/browser/test_out_and_in.py reads whole archives with another program.) */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as zlibs } from "node:zlib";
import { csv } from "../../frontend/js/csv.js";
import { slug } from "../../frontend/js/files.js";
import { EXACT, READABLE } from "../../frontend/js/format.js";
import { HEIGHT_PX, TEXT_PX, WIDTH_PX, picture } from "../../frontend/js/picture.js";
import { bytesOf, crc32 } from "../../frontend/js/zip.js";
import { randomFrom } from "./catalog.mjs";

test("an archive's checksums are zlib's", () => {
  const random = randomFrom(1);
  for (const length of [0, 1, 9, 1000]) {
    const data = Uint8Array.from({ length }, () => Math.floor(256 * random()));
    assert.equal(crc32(data), zlibs(data));
  }
  assert.equal(crc32(bytesOf("σ_w²")), zlibs("σ_w²"));
});

test("a table's cells stay in their columns whatever stands in them", () => {
  assert.equal(csv({ head: ["layer", 'a "b", c'], rows: [[1, "–"], [2, "two\nlines"]] }), 'layer,"a ""b"", c"\n1,\n2,"two\nlines"\n');
});

test("a table for programs has every digit of float32, and no words", () => {
  const random = randomFrom(2);
  for (let count = 0; count < 1000; count += 1) {
    const x = Math.fround((random() - 0.5) * 10 ** (70 * random() - 35));
    assert.equal(Math.fround(Number(EXACT.number(x, 3))), x);
  }
  assert.equal(EXACT.percent(0.25), "0.25");
  assert.equal(EXACT.integer(65536), "65536");
  for (const write of Object.values(EXACT)) for (const lost of [null, undefined, NaN, -Infinity]) assert.equal(write(lost), "");
  assert.equal(READABLE.number(0.052215322), "0.0522");
});

test("a file's name says which network it is of, in letters that every system takes", () => {
  assert.equal(slug("kaiming normal · leaky relu · 20 × 256"), "kaiming-normal-leaky-relu-20x256");
  assert.equal(slug(" 我的运行: a/b "), "我的运行-a-b");
});

const figure = (names, bar = false) => ({
  data: [...names.map((name) => ({ type: "scatter", name, line: { width: 2 } })), ...(bar ? [{ type: "heatmap", name: "", showscale: false, colorbar: { thickness: 10 } }] : [])],
  layout: { font: { size: 12 }, margin: { l: 60, r: 8, t: 10, b: 42 }, width: 340, height: 200, xaxis: {}, yaxis: {} },
});
const told = { title: "Gradient", words: ["relu", "at initialization"], paper: "#fff", ink: "#000" };

test("a picture has one size and larger text, whatever the window's", () => {
  const { data, layout } = picture(figure(["theory", "measured"], true), told);
  assert.deepEqual([layout.width, layout.height, layout.font.size], [WIDTH_PX, HEIGHT_PX, TEXT_PX]);
  assert.equal(data[0].line.width / 2, TEXT_PX / 12);
  assert.equal(layout.margin.l / 60, TEXT_PX / 12);
  assert.equal(data[2].showscale, true);
});

test("a picture has room for its title and for as many lines of legend and words as there are", () => {
  const top = (names, words = told.words) => picture(figure(names), { ...told, words }).layout.margin.t;
  assert.ok(top(["a"]) < top(Array.from({ length: 9 }, (_, index) => `a long name ${index}`)));
  const six = Array.from({ length: 6 }, (_, index) => `${"ABCDEF"[index]} kaiming normal · relu · 20 × 256`);
  assert.ok(top(["a"]) < top(["a"], six));
  assert.ok(picture(figure([]), { ...told, words: six }).layout.title.subtitle.text.split("<br>").every((line) => line.length < WIDTH_PX / TEXT_PX / 0.5));
});

test("the legend names what has a name, and stands above what a panel writes there itself", () => {
  const { data, layout } = picture(figure(["theory", ""]), told);
  assert.deepEqual(data.map(({ showlegend }) => showlegend), [true, false]);
  const above = figure(["theory"]);
  above.layout.annotations = [{ yref: "paper", y: 1, yanchor: "bottom", text: "← ordered" }];
  const written = picture(above, told).layout, line = written.margin.t - layout.margin.t;
  assert.ok(line >= TEXT_PX);
  const inside = HEIGHT_PX - written.margin.t - written.margin.b;
  assert.ok(Math.abs((written.legend.y - layout.legend.y) * inside - line) < 1e-9);
});

test("a run's title is no markup in its picture", () => {
  const { title } = picture(figure([]), { ...told, words: ["<a href='x'>A & B</a>"] }).layout;
  assert.equal(title.subtitle.text, "&lt;a href='x'>A &amp; B&lt;/a>");
});
