/**
 * One control for one field: a number with its slider, a select or a checkbox, with the bounds that the catalogue states.
 * @typedef {import("./types.js").Field} Field
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Value} Value
 * @typedef {import("./controls.js").Control} Control
 * @typedef {import("./controls.js").OnChange} OnChange
 * @typedef {{nodes: HTMLElement[], main: HTMLElement, show: (value: Value) => void}} Body
 */
import { el } from "./dom.js";
import { number } from "./format.js";
import { inBounds, readValue } from "./state.js";
import { weightsSource } from "./weights.js";
import { has, t } from "../i18n/index.js";

const SLIDER_STEPS = 400;

/** @param {Field} field @param {OnChange} onChange @param {Record<string, string>} [labels] of the choices @returns {Control} */
export function fieldControl(field, onChange, labels = {}) {
  const error = el("p", { class: "error", id: `error-${field.path}`, role: "alert", hidden: true });
  const fail = (/** @type {string} */ message) => {
    error.textContent = message;
    error.hidden = !message;
    body.main.toggleAttribute("aria-invalid", Boolean(message));
    if (message) body.main.setAttribute("aria-invalid", "true");
  };
  const body = bodyOf(field, labels, (value, committed) => { fail(""); onChange(field.path, value, committed); }, fail);
  const help = el("span", { class: "tip", id: `help-${field.path}`, role: "tooltip", text: [field.help, bounds(field)].filter(Boolean).join(t("words.between")) });
  body.main.setAttribute("aria-describedby", `${help.id} ${error.id}`);
  const label = el("label", { for: `control-${field.path}`, text: field.label }, field.unit ? el("span", { class: "unit", text: ` ${field.unit}` }) : "");
  const element = el("div", { class: `control control-${field.type}` }, label, ...body.nodes, help.textContent ? help : "", error);
  const unread = () => !/** @type {HTMLInputElement} */ (body.main).validity.valid;
  return { path: field.path, label: field.label, element, kinds: field.kinds, fail, unread, show: (state) => body.show(state[field.path]) };
}

/** Whether every number can be read; what is typed in a field and is none of its values must not be passed over for the value before it.
 * The first such field gets the focus. @param {Iterable<Control>} controls @returns {string} what to say, "" where all can be read */
export function unreadable(controls) {
  const found = [...controls].filter((control) => control.unread());
  /** @type {HTMLElement | null | undefined} */ (found[0]?.element.querySelector("[aria-invalid]"))?.focus();
  return found.length ? t("notice.at_controls", { list: found.map(({ label }) => label).join(t("words.comma")) }) : "";
}

/** @param {Field} field */
function bounds(field) {
  if (field.type !== "int" && field.type !== "float") return "";
  return t("control.bounds", { allowed: allowed(field) });
}

/** @param {Field} field */
const allowed = (field) => [
  field.type === "int" ? t("control.integer") : "",
  field.low === null ? "" : t(field.above ? "control.above" : "control.low", { low: number(field.low) }),
  field.high === null ? "" : t("control.high", { high: number(field.high) }),
].filter(Boolean).join(t("words.comma"));

/** @param {Field} field @param {Record<string, string>} labels @param {(value: Value, committed: boolean) => void} set @param {(message: string) => void} fail @returns {Body} */
function bodyOf(field, labels, set, fail) {
  if (field.type === "bool") return checkbox(field, set);
  if (field.type === "text") return weightsSource(hooks(field), set, fail);
  return field.type === "choice" ? select(field, labels, set) : numeric(field, set, fail);
}

/** @param {Field} field */
const hooks = (field) => ({ id: `control-${field.path}`, "data-testid": `control-${field.path}` });

/** @param {Field} field @param {(value: Value, committed: boolean) => void} set @returns {Body} */
function checkbox(field, set) {
  const input = el("input", { type: "checkbox", ...hooks(field), onchange: () => set(input.checked, true) });
  return { nodes: [input], main: input, show: (value) => { input.checked = value === true; } };
}

/** @param {Field} field @param {Record<string, string>} labels @param {(value: Value, committed: boolean) => void} set @returns {Body} */
function select(field, labels, set) {
  const words = [...field.choices, ...field.special].map(String), key = (/** @type {string} */ word) => `choice.${field.name}.${word}`;
  const input = el("select", { ...hooks(field), onchange: () => set(/** @type {Value} */ (readValue(field, input.value)), true) },
    ...words.map((word) => el("option", { value: word, text: labels[word] ?? (has(key(word)) ? t(key(word)) : word.replaceAll("_", " ")) })));
  return { nodes: [input], main: input, show: (value) => { input.value = String(value); } };
}

/** A number, its slider where it has one, and a switch where a word can stand for it.
 * @param {Field} field @param {(value: Value, committed: boolean) => void} set @param {(message: string) => void} fail @returns {Body} */
function numeric(field, set, fail) {
  const special = field.special.length ? field.special[0] : undefined;
  const word = special === undefined ? "" : t(`control.special.${special}`);
  let remembered = typeof field.default === "number" ? field.default : (field.slider?.[0] ?? field.low ?? 1);
  const refuse = (/** @type {string} */ message) => { input.setCustomValidity(message); fail(message); };
  const read = (/** @type {boolean} */ committed) => {
    input.setCustomValidity("");
    if (input.value.trim() === "" && special !== undefined && !input.validity.badInput) return set(special, committed);
    const value = readValue(field, input.value);
    if (typeof value === "number") return set(value, committed);
    refuse(t("control.bad", { text: input.value || t("control.bad_text"), allowed: allowed(field) }));
  };
  const input = el("input", { type: "number", ...hooks(field), step: field.type === "int" ? 1 : "any", placeholder: word, inputmode: field.type === "int" ? "numeric" : "decimal",
    autocomplete: "off", oninput: () => read(false), onchange: () => read(true) });
  const slider = field.slider ? range(field, set) : null;
  const toggle = special === undefined ? null : el("input", { type: "checkbox", id: `control-${field.path}-special`, "data-testid": `control-${field.path}-special`,
    onchange: () => set(toggle?.checked ? special : remembered, true) });
  const switched = toggle && el("label", { class: "special", for: toggle.id, "aria-label": t("control.toggle", { label: field.label, word }) }, toggle, word);
  return {
    nodes: [el("span", { class: "entry" }, switched, input), ...(slider ? [slider.input] : [])], main: input,
    show: (value) => {
      const numberShown = typeof value === "number";
      if (!input.validity.valid) { input.value = ""; refuse(""); }
      if (numberShown) remembered = value;
      if (toggle) toggle.checked = !numberShown;
      const isSame = numberShown ? Number(input.value) === value && input.value !== "" : input.value === "";
      if (!isSame) input.value = numberShown ? String(value) : "";
      slider?.show(numberShown ? value : remembered, numberShown);
    },
  };
}

/** @type {Record<string, 1 | -1>} */
const ARROWS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };

/** The slider covers the catalogue's range, on a logarithmic scale where it says so; a number beyond rests at the end. An arrow key goes on to
 * the next value: of 400 places on a logarithmic scale the first 30 are the same whole number.
 * @param {Field} field @param {(value: Value, committed: boolean) => void} set */
function range(field, set) {
  const [low, high] = /** @type {[number, number]} */ (field.slider);
  const whole = field.type === "int" && !field.log && high - low <= SLIDER_STEPS, steps = whole ? high - low : SLIDER_STEPS;
  const read = () => rounded(field, fromSlider(field, Number(input.value) / steps));
  const input = el("input", { type: "range", min: 0, max: steps, step: 1, "data-testid": `control-${field.path}-slider`, "aria-label": t("control.slider", { label: field.label }),
    oninput: () => set(read(), false), onchange: () => set(read(), true),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      const way = ARROWS[event.key];
      if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      const was = read();
      for (let at = Number(input.value) + way; at >= 0 && at <= steps && read() === was; at += way) input.value = String(at);
      if (read() !== was) set(read(), true);
    } });
  return {
    input,
    /** @param {number} value @param {boolean} active */
    show: (value, active) => {
      const part = toSlider(field, Math.min(Math.max(value, low), high)), at = String(Math.round(part * steps));
      if (document.activeElement !== input || Math.abs(Number(input.value) - Number(at)) > 1) input.value = at;
      input.classList.toggle("idle", !active);
      input.style.setProperty("--part", `${100 * part}%`);
      input.setAttribute("aria-valuetext", number(value));
    },
  };
}

/** Place on the slider (0..1) to value. @param {Field} field @param {number} part */
export function fromSlider(field, part) {
  const [low, high] = /** @type {[number, number]} */ (field.slider);
  return field.log ? low * (high / low) ** part : low + part * (high - low);
}

/** Value to place on the slider. @param {Field} field @param {number} value */
export function toSlider(field, value) {
  const [low, high] = /** @type {[number, number]} */ (field.slider);
  return field.log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}

/** A number that is good to read: whole where it must be, else three significant digits. @param {Field} field @param {number} value */
function rounded(field, value) {
  const [low, high] = /** @type {[number, number]} */ (field.slider);
  const size = field.log ? Math.abs(value) : Math.max(Math.abs(value), (high - low) / 10);
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(size || 1)));
  const near = field.type === "int" ? Math.round(value) : Number(value.toFixed(Math.min(decimals, 20)));
  return inBounds(field, near) ? near : value;
}
