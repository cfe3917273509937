/** Elements in one line. Text always goes in as text, never as markup. */

/** @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, unknown>} [attributes] `class`, `text`, `on…` listeners, `data-…`; true and false for switches
 * @param {(Node | string | null | undefined | false)[]} children @returns {HTMLElementTagNameMap[T]} */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map((child) => /** @type {Node | string} */ (child)));
  return element;
}

/** @param {HTMLElement} element @param {string} name @param {unknown} value */
function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "text") element.textContent = String(value);
  else if (name.startsWith("on")) element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** @template {HTMLElement} [E=HTMLElement] @param {string} id @returns {E} */
export const byId = (id) => /** @type {E} */ (document.getElementById(id));

/** Only writes what changed: a live region speaks each time it is written. @param {HTMLElement} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** What stands in an element, for what it was made from. @type {WeakMap<HTMLElement, string>} */
const contents = new WeakMap();

/** Only makes anew what changed: to lay out a page takes longer than to compare what it says.
 * @param {HTMLElement} element @param {unknown} what it is made from @param {() => Node[]} make */
export function setContents(element, what, make) {
  const key = JSON.stringify(what);
  if (contents.get(element) === key) return;
  contents.set(element, key);
  element.replaceChildren(...make());
}

/** A table with a head. @param {import("./types.js").Sheet} sheet @param {string} caption @param {import("./types.js").Sheet} [exact] what a cell says where the mouse rests on it */
export function sheetTable(sheet, caption, exact) {
  const head = el("thead", {}, el("tr", {}, ...sheet.head.map((text) => el("th", { scope: "col", text }))));
  const titleOf = (/** @type {number} */ line, /** @type {number} */ index) => exact?.rows[line][index] || null;
  const body = el("tbody", {}, ...sheet.rows.map((row, line) => el("tr", {}, ...row.map((cell, index) =>
    el(index ? "td" : "th", index ? { text: cell, title: titleOf(line, index) } : { text: cell, scope: "row" })))));
  return el("table", {}, el("caption", { class: "visually-hidden", text: caption }), head, body);
}
