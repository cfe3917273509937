/** Light, dark, or what the system says; remembered in this browser. */
import { byId } from "./dom.js";
import { t } from "../i18n/index.js";

const THEMES = ["auto", "light", "dark"], KEY = "theme";
const SIGNS = { auto: "◐", light: "☀", dark: "☾" };

/** @param {() => void} changed */
export function startTheme(changed) {
  apply(remembered());
  byId("theme").addEventListener("click", () => { next(); changed(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  whenTextGrows(changed);
}

/** A window moved to a larger screen has larger text, which the charts take from the theme. @param {() => void} changed */
function whenTextGrows(changed) {
  const size = () => getComputedStyle(document.documentElement).fontSize;
  let before = size();
  window.addEventListener("resize", () => { if (size() !== before) { before = size(); changed(); } });
}

/** A browser may refuse storage; then the choice lasts as long as the page. */
function remembered() {
  try { return localStorage.getItem(KEY) ?? "auto"; } catch { return "auto"; }
}

export function next() {
  const theme = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % THEMES.length];
  apply(theme);
  try { localStorage.setItem(KEY, theme); } catch { /* nothing to do: the choice lasts as long as the page */ }
}

/** @param {string} wanted */
function apply(wanted) {
  const theme = /** @type {keyof typeof SIGNS} */ (THEMES.includes(wanted) ? wanted : "auto");
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = SIGNS[theme];
  const label = t("theme.label", { theme: t(`theme.${theme}`) });
  byId("theme").setAttribute("aria-label", label);
  byId("theme").title = label;
}
