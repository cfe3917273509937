/** Words to the reader: notices stay until they are settled, toasts go by themselves. */
import { byId, el } from "./dom.js";
import { t } from "../i18n/index.js";

export const TOAST_MS = 5000;

/** @param {string} id one notice of each id @param {string} text "" takes it away @param {(Node | false)[]} more */
export function notice(id, text, ...more) {
  const root = byId("notices"), old = root.querySelector(`[data-notice="${id}"]`);
  if (!text) return void old?.remove();
  const close = el("button", { type: "button", class: "quiet", "aria-label": t("action.dismiss"), title: t("action.dismiss"), text: "✕", onclick: () => made.remove() });
  const made = el("div", { class: "notice", "data-notice": id }, el("p", { text }), ...more, close);
  if (old) old.replaceWith(made);
  else root.append(made);
}

/** A notice that answers a button: where it stands out of sight, the page scrolls to it. @param {string} id @param {string} text */
export function urgent(id, text) {
  notice(id, text);
  byId("notices").scrollIntoView({ block: "nearest" });
}

/** What of an address was not understood. @param {import("./state.js").Problem[]} problems */
export function tellProblems(problems) {
  const list = problems.map(({ key, text, reason }) => `${key}=${text} (${t(`notice.reason.${reason}`)})`).join(", ");
  notice("address", list && t("notice.not_understood", { list }));
}

/** @param {string} text @param {Node[]} more */
export function toast(text, ...more) {
  const made = el("div", { class: "toast" }, el("p", { text }), ...more);
  byId("toasts").replaceChildren(made);
  if (!made.querySelector("input")) window.setTimeout(() => made.remove(), TOAST_MS);
  return made;
}

/** Copies a link and says so; where the browser refuses, the link stands there to be copied by hand. @param {string} link @param {string} said */
export const share = (link, said) => toClipboard(link, said, () => {
  const field = el("input", { type: "text", readonly: true, value: link, "aria-label": t("share.link") });
  const made = toast(t("share.by_hand"), field, el("button", { type: "button", class: "quiet", text: t("action.close"), onclick: () => made.remove() }));
  field.select();
});

/** Copies the text of an element and says so; where the browser refuses, it stands selected. @param {HTMLElement} element @param {string} said */
export const copy = (element, said) => toClipboard(element.textContent ?? "", said, () => {
  window.getSelection()?.selectAllChildren(element);
  toast(t("verdict.selected"));
});

/** @param {string} text @param {string} said @param {() => void} byHand what helps where the browser lets nothing be copied */
async function toClipboard(text, said, byHand) {
  try {
    await navigator.clipboard.writeText(text);
    toast(said);
  } catch {
    byHand();
  }
}
