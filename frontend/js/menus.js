/** The menus at the top, the drawer of a narrow window, and the list of keys. @typedef {import("./types.js").RunRecord} RunRecord */
import * as api from "./api.js";
import { byId, el } from "./dom.js";
import { milliseconds } from "./format.js";
import { language, t } from "../i18n/index.js";

const RECENT = 20;

/** @param {() => string | null} current id of the run on show @param {(id: string) => void} open */
export function startMenus(current, open) {
  const menu = /** @type {HTMLDetailsElement} */ (byId("runs-menu"));
  menu.addEventListener("toggle", () => { if (menu.open) void fillRuns(current(), (id) => { menu.open = false; open(id); }); });
  document.addEventListener("click", (event) => {
    for (const other of document.querySelectorAll("details.menu[open]")) if (!other.contains(/** @type {Node} */ (event.target))) other.removeAttribute("open");
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") closeMenu(); });
}

/** The open menu closes, and the focus goes back to where it was opened. */
function closeMenu() {
  const open = /** @type {HTMLDetailsElement | null} */ (document.querySelector("details.menu[open]"));
  if (!open) return;
  open.open = false;
  open.querySelector("summary")?.focus();
}

/** @param {string | null} current @param {(id: string) => void} open */
async function fillRuns(current, open) {
  const list = byId("runs-list");
  const answer = await api.listRuns({ limit: RECENT }).catch((problem) => problem.detail ?? String(problem));
  if (typeof answer === "string") return list.replaceChildren(el("p", { text: answer }));
  const { runs } = answer;
  if (!runs.length) return list.replaceChildren(el("p", { text: t("runs.none") }));
  list.replaceChildren(...runs.map((/** @type {RunRecord} */ run) => el("a", { href: `/runs/${run.id}`, "aria-current": run.id === current && "true",
    onclick: (/** @type {MouseEvent} */ event) => { if (event.ctrlKey || event.metaKey || event.shiftKey) return; event.preventDefault(); open(run.id); } },
    el("bdi", { text: titleOf(run) }), el("small", { text: t(`status.${run.status}`) }),
    el("small", { text: when(run.created_at) }), el("small", { text: run.id === current ? t("runs.current") : run.id.slice(0, 8) }))),
  el("a", { class: "all", href: "/runs", text: t("runs.all") }));
}

/** In the page's language, as the reader's country writes it, where the browser says which: not everybody's English has AM and PM. */
const locale = navigator.languages?.find((one) => one.startsWith(language)) ?? language;

/** @param {unknown} time */
export const when = (time) => (time ? new Date(milliseconds(time)).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" }) : "");

/** A run's name from what makes it what it is. @param {any} config */
export const runName = (config) => t("runs.line", {
  name: [config?.init?.name, config?.network?.activation?.name, config?.network?.normalization?.name]
    .filter((name) => name && name !== "none").join(" · ").replaceAll("_", " "),
  depth: config?.network?.depth, width: config?.network?.width,
});

/** What a person called a run, else its name. @param {RunRecord} run */
export const titleOf = (run) => run.title ?? runName(run.config);

/** Where the window is so narrow, or the text so large, that the bar's entries would take row upon row, they are behind a button. */
export function startTopBar() {
  const opener = byId("actions-open"), actions = byId("actions");
  opener.addEventListener("click", () => opener.setAttribute("aria-expanded", String(actions.classList.toggle("open"))));
}

/** The rail as a drawer. */
export function startDrawer() {
  const rail = byId("rail"), backdrop = byId("backdrop"), opener = byId("rail-open");
  const set = (/** @type {boolean} */ open) => {
    rail.classList.toggle("open", open);
    backdrop.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    (open ? byId("rail-close") : opener).focus({ preventScroll: true });
  };
  opener.addEventListener("click", () => set(true));
  byId("rail-close").addEventListener("click", () => set(false));
  backdrop.addEventListener("click", () => set(false));
  rail.addEventListener("keydown", (event) => { if (event.key === "Escape" && rail.classList.contains("open")) set(false); });
}
