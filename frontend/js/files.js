/** Files that the page makes by itself: what they are called, what they say they show, and how they reach the reader. */
import { byId, el } from "./dom.js";
import { t } from "../i18n/index.js";

const LONGEST_NAME = 60, RELEASED_AFTER_MS = 60_000;

/** The step on show; undefined on a page that has none. */
const step = () => document.body.dataset.step;

/** The network on show, or those that are compared, each with its letter, and the step. @returns {string[]} */
export function onShow() {
  const compared = [...document.querySelectorAll("#names li")].map(({ children }) => [...children].map((part) => part.textContent).join(" "));
  const when = step() === undefined ? [] : [step() === "0" ? t("status.init") : t("player.step", { step: step() })];
  return [...(compared.length ? compared : [byId("run-name").textContent ?? ""]), ...when];
}

/** A file's name, without its ending: it says what is in it, so that the same panel of two networks has two names. @param {string} what */
export const fileName = (what) =>
  ["signal-propagation", what, slug(byId("run-name").textContent ?? "").slice(0, LONGEST_NAME), step() === undefined ? "" : `step-${step()}`].filter(Boolean).join("-");

/** @param {string} text */
export const slug = (text) => text.toLowerCase().replace(/\s*×\s*/g, "x").replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^-|-$/g, "");

/** @param {string} name @param {string | Uint8Array<ArrayBuffer>} data @param {string} type its media type */
export function save(name, data, type) {
  const href = URL.createObjectURL(new Blob([data], { type }));
  el("a", { href, download: name }).click();
  window.setTimeout(() => URL.revokeObjectURL(href), RELEASED_AFTER_MS);
}
