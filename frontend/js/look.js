/** What a lesson says to look at: the names of panels lead to them. */
import { el } from "./dom.js";

/** The text, in which the title of a panel on the page leads to that panel. @param {string} text @returns {(string | HTMLElement)[]} */
export function leading(text) {
  const titles = new Map([...document.querySelectorAll("#grid h2")].map((title) => [title.textContent ?? "", /** @type {HTMLElement} */ (title)]));
  return splitAt(text, [...titles.keys()]).map((part) => {
    const title = titles.get(part);
    return title ? el("a", { href: location.href, class: "lead", text: part, onclick: (/** @type {Event} */ event) => { event.preventDefault(); goTo(title); } }) : part;
  });
}

/** A text in parts: each of the words found in it is one. @param {string} text @param {string[]} words */
export function splitAt(text, words) {
  const longest = words.filter(Boolean).sort((a, b) => b.length - a.length).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return longest.length ? text.split(new RegExp(`(${longest.join("|")})`)).filter(Boolean) : [text];
}

/** @param {HTMLElement} title */
function goTo(title) {
  title.tabIndex = -1;
  title.closest(".card")?.scrollIntoView();
  title.focus({ preventScroll: true });
}
