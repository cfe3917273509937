/**
 * What a panel lets one choose about the view: a row of buttons, a menu, a switch, or a layer's number.
 * @typedef {import("./types.js").BaseView} BaseView
 * @typedef {import("./types.js").Value} Value
 * @typedef {import("./types.js").Option} Option
 * @typedef {{element: HTMLElement, show: (view: BaseView) => void}} OptionControl
 * @typedef {(path: string, value: Value) => void} Choose
 */
import { el } from "./dom.js";
import { chosenLayer } from "./panels/common.js";
import { has, t } from "../i18n/index.js";

/** @param {Option} option @param {Choose} choose @returns {OptionControl} */
export function optionControl(option, choose) {
  if (option.type === "choice") return option.menu ? menu(option, choose) : buttons(option, choose);
  return option.type === "bool" ? switchButton(option, choose) : layerInput(option, choose);
}

/** @param {Option} option @param {Value} choice */
function nameOf(option, choice) {
  const key = `option.${option.path}.${choice}`;
  if (has(key)) return t(key);
  if (option.words) return t(`${option.words}.${choice}`);
  return has(`quantity.${choice}`) ? t(`quantity.${choice}`) : String(choice);
}

/** @param {Option} option @param {Choose} choose @returns {OptionControl} */
function buttons(option, choose) {
  const all = option.choices.map((choice) =>
    el("button", { type: "button", "data-testid": `${option.path}-${choice}`, text: nameOf(option, choice), onclick: () => choose(option.path, choice) }));
  return {
    element: el("div", { class: "segmented", role: "group", "aria-label": t(`option.${option.path}`) }, ...all),
    show: (view) => all.forEach((button, index) => {
      const choice = option.choices[index], refused = view.refuse?.(option.path, choice) ?? "";
      button.setAttribute("aria-pressed", String(view.options[option.path] === choice && !refused));
      button.disabled = Boolean(refused);
      button.title = refused;
    }),
  };
}

/** @param {Option} option @param {Choose} choose @returns {OptionControl} */
function menu(option, choose) {
  const select = el("select", { "data-testid": option.path, "aria-label": t(`option.${option.path}`), onchange: () => choose(option.path, select.value) },
    ...option.choices.map((choice) => el("option", { value: choice, text: nameOf(option, choice) })));
  return { element: select, show: (view) => { select.value = String(view.options[option.path]); } };
}

/** @param {Option} option @param {Choose} choose @returns {OptionControl} */
function switchButton(option, choose) {
  const button = el("button", { type: "button", class: "quiet", text: t(`option.${option.path}`), "data-testid": option.path,
    onclick: () => choose(option.path, button.getAttribute("aria-pressed") !== "true") });
  return { element: button, show: (view) => button.setAttribute("aria-pressed", String(view.options[option.path] === true)) };
}

/** The layer that is shown, chosen or not; an empty field chooses none. @param {Option} option @param {Choose} choose @returns {OptionControl} */
function layerInput(option, choose) {
  const read = () => choose(option.path, input.value === "" ? null : Number(input.value));
  const input = el("input", { type: "number", min: 1, step: 1, "data-testid": option.path, "aria-label": t(`option.${option.path}`), onchange: read });
  return {
    element: el("label", { class: "inline" }, t(`option.${option.path}`), input),
    show: (view) => { input.value = String(chosenLayer(/** @type {import("./types.js").View} */ (view))); },
  };
}
