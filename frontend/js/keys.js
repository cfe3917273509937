/** Keyboard shortcuts, and the list of them. */
import { byId, el } from "./dom.js";
import { named, t } from "../i18n/index.js";

/** @typedef {Record<string, () => void>} Keys */

/** What stands in the list, its words, and a key that a page must know for it to stand there. */
const LIST = [["Space", "help.play", " "], ["← →", "help.step", "ArrowLeft"], ["Home End", "help.ends", "Home"], ["[ ]", "help.layer", "["],
  ["1 … 6", "help.quantity", "1"], ["t", "help.train", "t"], ["s", "help.share", "s"], ["/", "help.search", "/"], ["d", "help.theme", "d"], ["?", "help.help", "?"]];

/** @param {Keys} keys */
export function startKeys(keys) {
  const help = () => showHelp(all), all = { ...keys, "?": help };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTaken(/** @type {HTMLElement} */ (event.target), event.key)) return;
    const act = /** @type {Keys} */ (all)[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  byId("help").addEventListener("click", help);
}

/** Fields keep their keys, buttons theirs; so does an open dialog. @param {HTMLElement} target @param {string} key */
function isTaken(target, key) {
  if (document.querySelector("dialog[open]")) return true;
  if (target.closest("input, select, textarea")) return true;
  return (key === " " || key === "Enter") && target.closest("button, summary, a") !== null;
}

/** @param {Keys} known */
function showHelp(known) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("keys"));
  const rows = LIST.filter(([, , key]) => key in known).flatMap(([keys, text]) => [
    el("dt", {}, ...keys.split(" ").flatMap((key) => (key === "…" ? [" … "] : [el("kbd", { text: key }), " "]))), el("dd", { text: t(text) })]);
  dialog.replaceChildren(el("h2", { id: "keys-title", text: t("help.title") }), el("dl", {}, ...rows),
    el("p", {}, el("a", { href: `/docs${named ? `#view.lang=${named}` : ""}`, text: t("help.api") })),
    el("button", { type: "button", text: t("action.close"), autofocus: true, onclick: () => dialog.close() }));
  dialog.showModal();
}
