/**
 * The control for trained weights: a name, typed or chosen from what the server has, or a file from this machine.
 * @typedef {import("./types.js").Value} Value
 * @typedef {import("./field.js").Body} Body
 */
import * as api from "./api.js";
import { el } from "./dom.js";
import { t } from "../i18n/index.js";

/** @param {{id: string, "data-testid": string}} hooks @param {(value: Value, committed: boolean) => void} set @param {(message: string) => void} fail @returns {Body} */
export function weightsSource(hooks, set, fail) {
  const list = el("datalist", { id: `${hooks.id}-list` });
  const offer = async () => {
    const known = await api.listWeights().catch(() => []); // a list that fails to come is a field to type in
    list.replaceChildren(...known.map(({ source }) => el("option", { value: nameOf(source) })));
  };
  const input = el("input", { type: "text", ...hooks, list: list.id, placeholder: t("control.source.none"), maxlength: 128, spellcheck: "false", autocomplete: "off",
    onfocus: () => void offer(), onchange: () => set(input.value.trim(), true) });
  const [button, chooser] = uploader(`${hooks["data-testid"]}-file`, (source) => set(source, true), fail);
  return { nodes: [el("span", { class: "entry" }, button), input, list, chooser], main: input, show: (value) => { if (input.value !== value) input.value = String(value); } };
}

/** A run's and an upload's weights are named without the file's ending. @param {string} source */
export const nameOf = (source) => source.replace(/^([0-9a-f]{16,32}(-[0-9a-f]+)?)\.safetensors$/, "$1");

/** A button that sends a file, and the field behind it. @param {string} testid @param {(source: string) => void} sent @param {(message: string) => void} fail
 * @returns {[HTMLButtonElement, HTMLInputElement]} */
export function uploader(testid, sent, fail) {
  const send = async () => {
    const file = chooser.files?.[0];
    if (!file) return;
    button.textContent = t("control.source.sending", { name: file.name });
    try {
      sent((await api.uploadWeights(file)).source);
    } catch (error) {
      if (!(error instanceof api.Problem)) throw error;
      fail(error.detail);
    } finally {
      button.textContent = t("control.source.upload");
      chooser.value = "";
    }
  };
  const chooser = el("input", { type: "file", accept: ".safetensors", "data-testid": testid, hidden: true, onchange: () => void send() });
  const button = el("button", { type: "button", class: "quiet", text: t("control.source.upload"), onclick: () => chooser.click() });
  return [button, chooser];
}
