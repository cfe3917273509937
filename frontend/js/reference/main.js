/**
 * The API as a page: every call with its parameters, answers and an example, drawn from the server's own description of itself.
 * @typedef {import("./shapes.js").Schema} Schema
 * @typedef {import("./shapes.js").Call} Call
 */
import * as api from "../api.js";
import { begin } from "../begin.js";
import { byId, el } from "../dom.js";
import { startKeys } from "../keys.js";
import { notice } from "../notices.js";
import { startLanguage } from "../texts.js";
import { next as nextTheme } from "../theme.js";
import { t } from "../../i18n/index.js";
import { curl, typeOf } from "./shapes.js";

/** What the server says of itself is English. @param {string} text */
const english = (text) => el("span", { lang: "en", text });

/** @param {string} name */
function shapeLink(name) {
  const show = (/** @type {Event} */ event) => {
    const shape = /** @type {HTMLDetailsElement} */ (byId(`shape-${name}`));
    event.preventDefault(); // the language stands in the address
    shape.open = true;
    shape.scrollIntoView();
    shape.querySelector("summary")?.focus();
  };
  return el("a", { href: `#shape-${name}`, text: name, onclick: show });
}

/** @param {Schema} schema */
const type = (schema) => el("code", {}, ...typeOf(schema).map((part) => (typeof part === "string" ? part : shapeLink(part.shape))));

/** @param {string} title @param {string[]} head keys of texts @param {Node[][]} rows */
function sheet(title, head, rows) {
  const cells = rows.map((row) => el("tr", {}, ...row.map((cell, index) => el(index ? "td" : "th", index ? {} : { scope: "row" }, cell))));
  const table = el("table", {}, el("caption", { text: title }), el("thead", {}, el("tr", {}, ...head.map((key) => el("th", { scope: "col", text: t(key) })))),
    el("tbody", {}, ...cells));
  return el("div", { class: "sheet", tabindex: "0", role: "group", "aria-label": title }, table);
}

/** @param {string} name @param {Schema} schema @param {boolean} required @param {string} [place] @returns {Node[]} */
function fieldRow(name, schema, required, place = "") {
  const preset = required ? el("em", { text: t("reference.required") }) : el("code", { text: "default" in schema ? JSON.stringify(schema.default) : "" });
  return [el("span", {}, el("code", { text: name }), place && el("small", { text: ` ${place}` })), type(schema), preset, english(schema.description ?? "")];
}

const FIELD_HEAD = ["reference.name", "reference.type", "reference.default", "reference.meaning"];

/** @param {string} status @param {Schema} answer @returns {Node[]} */
function answerRow(status, answer) {
  const [kind, content] = Object.entries(answer.content ?? {})[0] ?? ["", {}];
  return [el("code", { text: status }), content.schema ? type(content.schema) : el("span"), el("code", { text: kind }), english(answer.description)];
}

/** @param {Call} call @param {Record<string, Schema>} shapes */
function callEntry(call, shapes) {
  const { method, path, operation } = call, [first, ...more] = operation.description.split("\n\n"), body = Object.entries(operation.requestBody?.content ?? {})[0];
  return el("details", { class: "call", "data-testid": `call-${method}-${path}` },
    el("summary", {}, el("span", { class: `method ${method}`, text: method.toUpperCase() }), el("code", { text: path }), english(first)),
    ...more.map((/** @type {string} */ text) => el("p", {}, english(text))),
    operation.parameters && sheet(t("reference.parameters"), FIELD_HEAD, operation.parameters.map((/** @type {Schema} */ one) =>
      fieldRow(one.name, { ...one.schema, description: one.description }, one.required, one.in))),
    body && el("p", {}, `${t("reference.body")}: `, type(body[1].schema), " ", el("code", { text: body[0] })),
    sheet(t("reference.answers"), ["reference.status", "reference.type", "reference.kind", "reference.meaning"],
      Object.entries(operation.responses).map(([status, answer]) => answerRow(status, answer))),
    el("h3", { text: t("reference.example") }), el("pre", { tabindex: "0" }, el("code", { text: curl(call, location.origin, shapes) })));
}

/** @param {string} name @param {Schema} schema */
function shapeEntry(name, schema) {
  const fields = Object.entries(schema.properties ?? {}), required = schema.required ?? [];
  return el("details", { class: "call", id: `shape-${name}` }, el("summary", {}, el("code", { text: name }), english(schema.description ?? "")),
    fields.length ? sheet(name, FIELD_HEAD, fields.map(([field, one]) => fieldRow(field, one, required.includes(field)))) : el("p", {}, type(schema)));
}

/** @param {Schema} described */
function draw(described) {
  const shapes = described.components.schemas, calls = Object.entries(described.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })));
  for (const tag of new Set(calls.map(({ operation }) => operation.tags[0]))) {
    byId("calls").append(el("section", { class: "card full" }, el("h2", { lang: "en", text: tag }),
      ...calls.filter(({ operation }) => operation.tags[0] === tag).map((call) => callEntry(call, shapes))));
  }
  byId("shapes").append(...Object.entries(shapes).map(([name, schema]) => shapeEntry(name, schema)));
  document.body.dataset.ready = "true";
}

begin(async () => {
  startLanguage((chosen) => history.replaceState(null, "", `#view.lang=${chosen}`));
  startKeys({ d: nextTheme });
  notice("loading", t("app.loading"));
  draw(await api.getDescription());
  notice("loading", "");
});
