/** The sentences that stand in the HTML itself, by their keys: `data-text`, and `data-label` for what has no text of its own. */
import { byId } from "./dom.js";
import { LANGUAGES, language, named, t } from "../i18n/index.js";

/** Pages that understand a language in their address. */
const SPEAKING = ["/", "/runs", "/phase", "/docs"];

export function fillTexts() {
  document.documentElement.lang = language;
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-text]"))) element.textContent = t(String(element.dataset.text));
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-label]"))) {
    element.setAttribute("aria-label", t(String(element.dataset.label)));
    element.title = t(String(element.dataset.label));
  }
  if (named) for (const path of SPEAKING) for (const link of document.querySelectorAll(`a[href="${path}"]`)) link.setAttribute("href", `${path}#view.lang=${named}`);
}

/** The button that goes to the next language. Sentences are read once, so the page is loaded anew.
 * @param {(language: string) => void} keep writes the language into the address */
export function startLanguage(keep) {
  byId("language").addEventListener("click", () => {
    keep(LANGUAGES[(LANGUAGES.indexOf(language) + 1) % LANGUAGES.length]);
    location.reload();
  });
}
