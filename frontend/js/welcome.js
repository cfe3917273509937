/** For whoever is here for the first time: what the picture shows, and the lesson to begin with. It goes for good when it is closed or a
 * lesson is opened from it, and stands aside where a lesson or a run is on show. */
import { byId, el } from "./dom.js";
import { embedded } from "./embed.js";
import { lessonsOf } from "./lesson.js";
import { report } from "./report.js";
import { addressed, t } from "../i18n/index.js";

const KEY = "welcomed";

/** What many have read of and few have seen: a network whose gradient vanishes, and the view that shows it best. */
const VANISHING = "network.depth=30&network.activation.name=sigmoid&view.quantity=preactivation_gradient&view.axis=log10";

/** @param {import("./types.js").Catalog} catalog @param {(id: string) => void} open a lesson */
export function startWelcome(catalog, open) {
  const root = byId("welcome"), [first] = lessonsOf(catalog);
  if (embedded || report || !first || !isBare() || isKnown()) return;
  const done = () => { root.hidden = true; remember(); };
  root.replaceChildren(
    el("p", {}, el("strong", { id: "welcome-title", text: t("welcome.title") }), t("words.between"), t("welcome.words")),
    el("button", { type: "button", "data-testid": "welcome-lesson", text: t("welcome.lesson", { title: first.title }), onclick: () => { done(); open(first.id); } }),
    el("a", { class: "button", "data-testid": "welcome-vanishing", href: `/#${addressed(VANISHING)}`, text: t("welcome.vanishing") }),
    el("button", { type: "button", class: "quiet", "aria-label": t("action.dismiss"), title: t("action.dismiss"), text: "✕", onclick: done }));
  root.hidden = false;
}

/** Whether the address asks for nothing but the home page, in whatever language. */
const isBare = () => location.pathname === "/" && /^(#view\.lang=\w+)?$/.test(location.hash);

/** A browser may refuse storage; then everybody is new. */
function isKnown() {
  try { return localStorage.getItem(KEY) !== null; } catch { return false; }
}

function remember() {
  try { localStorage.setItem(KEY, "yes"); } catch { /* nothing to do: it is closed as long as the page is open */ }
}
