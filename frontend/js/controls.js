/**
 * The rail of controls, made from the catalogue's sections. Each control is built once and then only told the state.
 * @typedef {import("./types.js").Catalog} Catalog
 * @typedef {import("./types.js").Field} Field
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Value} Value
 * @typedef {(path: string, value: Value, committed: boolean) => void} OnChange
 * @typedef {{path: string, label: string, element: HTMLElement, kinds: string[], show: (state: State) => void, fail: (message: string) => void, unread: () => boolean}} Control
 */
import { fieldControl } from "./field.js";
import { cardFields, cardOf, KIND } from "./state.js";
import { byId, el, setText } from "./dom.js";
import { t } from "../i18n/index.js";

export class Rail {
  /** @param {HTMLElement} root @param {Catalog} catalog @param {OnChange} onChange */
  constructor(root, catalog, onChange) {
    /** @type {Map<string, Control>} */
    this.controls = new Map();
    this.catalog = catalog;
    this.onChange = onChange;
    /** The only paths on show, with what is below them; all where it is empty. @type {string[]} */
    this.paths = [];
    this.root = root;
    root.replaceChildren(...catalog.sections.map((section) => this.section(section)));
  }

  /** Leaves only these controls to move: a teacher's link names what a class needs. @param {string[]} paths */
  only(paths) {
    this.paths = paths;
    byId("controls-note").hidden = paths.length === 0;
    this.hide();
  }

  hide() {
    for (const control of this.controls.values()) control.element.classList.toggle("left-out", !this.isLeft(control.path));
    for (const section of this.root.querySelectorAll(".section")) section.classList.toggle("left-out", !section.querySelector(".control:not(.left-out, .table-choice.left-out *)"));
  }

  /** Whether a control stays: it is named, or what it belongs to is, or something that belongs to it. @param {string} path */
  isLeft(path) {
    const whole = path.replace(/\.name$/, ""), named = this.paths.map((left) => left.replace(/\.name$/, ""));
    const inTable = path !== whole && this.paths.some((left) => left.startsWith(`${whole}.`));
    return !named.length || inTable || named.some((left) => whole === left || path.startsWith(`${left}.`));
  }

  /** @param {import("./types.js").Section} section */
  section(section) {
    const controls = section.controls.map((field) => (field.type === "table" ? this.table(field) : this.add(fieldControl(field, this.onChange))));
    const alone = section.controls.length === 1 && section.controls[0].type === "table";
    return el("details", { class: alone ? "section alone" : "section", open: true }, el("summary", { text: section.title }), ...controls);
  }

  /** @param {Control} control */
  add(control) {
    this.controls.set(control.path, control);
    return control.element;
  }

  /** A table: its select, what is known of the entry chosen, and that entry's own parameters. @param {Field} field */
  table(field) {
    const { catalog } = this, table = catalog.choices[field.path];
    const asField = { ...field, path: `${field.path}.name`, type: /** @type {const} */ ("choice"), default: table.default, help: "", unit: "",
      choices: table.entries.map((entry) => entry.name), special: [], kinds: [], low: null, high: null, above: false, slider: null, log: false };
    const select = fieldControl(asField, this.onChange, Object.fromEntries(table.entries.map((entry) => [entry.name, entry.label])));
    const about = el("div", { class: "about" }), parameters = el("div", { class: "parameters" });
    const block = el("div", { class: "table-choice" }, select.element, about, parameters);
    let shownName = "";
    this.add({ ...select, element: block, show: (state) => {
      select.show(state);
      disableUnusable(select.element, table, String(state[KIND]));
      const name = String(state[asField.path]);
      if (name !== shownName) this.showEntry(field.path, (shownName = name), about, parameters);
    } });
    return block;
  }

  /** @param {string} path @param {string} name @param {HTMLElement} about @param {HTMLElement} parameters */
  showEntry(path, name, about, parameters) {
    const card = cardOf(this.catalog, path, name);
    for (const key of [...this.controls.keys()]) if (key.startsWith(`${path}.`) && key !== `${path}.name`) this.controls.delete(key);
    parameters.replaceChildren(...cardFields(path, card).map((field) => this.add(fieldControl(field, this.onChange))));
    about.replaceChildren(
      el("p", { class: "formula", text: card?.formula ?? "" }),
      card?.note ? el("p", { class: "note", text: card.note }) : "",
      el("p", { class: "source", text: card?.source ?? "" }),
    );
  }

  /** @param {State} state */
  show(state) {
    const kind = String(state[KIND]);
    // A table's show may add controls, and a Map's iteration reaches those too.
    for (const control of this.controls.values()) {
      control.show(state);
      control.element.hidden = control.kinds.length > 0 && !control.kinds.includes(kind);
    }
    this.hide();
  }

  /** Shows each problem at the control that it names.
   * @param {{loc: string, msg: string}[]} errors @returns {string} those that name no control in sight, and at which ones the others stand */
  fail(errors) {
    for (const control of this.controls.values()) control.fail("");
    const places = errors.map(({ loc }) => this.find(loc));
    errors.forEach(({ msg }, index) => places[index]?.fail(msg));
    const labels = new Set(places.flatMap((control) => (control ? [control.label] : [])));
    const others = errors.filter((_, index) => !places[index]).map(({ loc, msg }) => (loc ? `${loc}: ${msg}` : msg));
    return [...others, labels.size ? t("notice.at_controls", { list: [...labels].join(t("words.comma")) }) : ""].filter(Boolean).join(t("words.between"));
  }

  /** The control of a path, or of the nearest path above it, if it can be seen. @param {string} loc */
  find(loc) {
    for (let parts = loc.split("."); parts.length; parts = parts.slice(0, -1)) {
      const path = parts.join("."), found = this.controls.get(path) ?? this.controls.get(`${path}.name`);
      if (found) return found.element.closest(".left-out, [hidden]") ? undefined : found;
    }
    return undefined;
  }
}

/** @param {HTMLElement} element @param {import("./types.js").Table} table @param {string} kind */
function disableUnusable(element, table, kind) {
  for (const option of element.querySelectorAll("option")) {
    const entry = table.entries.find((one) => one.name === option.value), usable = !entry || entry.kinds.includes(kind);
    option.disabled = !usable;
    setText(option, usable ? (entry?.label ?? option.value) : t("control.not_for", { label: entry?.label, kind }));
  }
}
