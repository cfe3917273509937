/** Keyboard shortcuts, and the list of them. */
import { byId, el } from "./dom.js";
import { t } from "../i18n/index.js";

/** @typedef {Record<string, () => void>} Keys */

const LIST = [["Space", "help.play"], ["← →", "help.step"], ["Home End", "help.ends"], ["[ ]", "help.layer"], ["1 … 6", "help.quantity"],
  ["t", "help.train"], ["s", "help.share"], ["d", "help.theme"], ["?", "help.help"]];

/** @param {Keys} keys */
export function startKeys(keys) {
  const all = { ...keys, "?": showHelp };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTaken(/** @type {HTMLElement} */ (event.target), event.key)) return;
    const act = /** @type {Keys} */ (all)[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  byId("help").addEventListener("click", showHelp);
}

/** Fields keep their keys, buttons theirs; so does an open dialog. @param {HTMLElement} target @param {string} key */
function isTaken(target, key) {
  if (document.querySelector("dialog[open]")) return true;
  if (target.closest("input, select, textarea")) return true;
  return (key === " " || key === "Enter") && target.closest("button, summary, a") !== null;
}

function showHelp() {
  const dialog = /** @type {HTMLDialogElement} */ (byId("keys"));
  const rows = LIST.flatMap(([keys, text]) => [
    el("dt", {}, ...keys.split(" ").flatMap((key) => (key === "…" ? [" … "] : [el("kbd", { text: key }), " "]))), el("dd", { text: t(text) })]);
  dialog.replaceChildren(el("h2", { id: "keys-title", text: t("help.title") }), el("dl", {}, ...rows),
    el("button", { type: "button", text: t("action.close"), onclick: () => dialog.close() }));
  dialog.showModal();
}
