/** Starts the phase diagram's page. */
import * as api from "../api.js";
import { byId } from "../dom.js";
import { startKeys } from "../keys.js";
import { startDrawer } from "../menus.js";
import { notice, share } from "../notices.js";
import { startSession } from "../signin.js";
import { fillTexts, startLanguage } from "../texts.js";
import { next as nextTheme, startTheme } from "../theme.js";
import { t } from "../../i18n/index.js";
import { PhasePage } from "./page.js";

/** @param {string} id */
const valueOf = (id) => /** @type {HTMLInputElement} */ (byId(id)).valueAsNumber;

/** @param {PhasePage} page */
function wire(page) {
  byId("measure").addEventListener("click", () => void page.measure());
  byId("cancel").addEventListener("click", () => void page.cancel());
  byId("share").addEventListener("click", () => void share(new URL(page.url(), location.href).href, t("share.copied_config")));
  byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("charts").focus(); });
  byId("place").addEventListener("submit", (event) => { event.preventDefault(); page.dots.add(valueOf("place-w2"), valueOf("place-b2")); });
  startLanguage((chosen) => page.keep(chosen));
  startDrawer();
  startKeys({ t: () => page.dots.trainNewest(), s: () => byId("share").click(), d: () => { nextTheme(); page.draw(); } });
  window.addEventListener("popstate", () => page.route());
}

async function start() {
  fillTexts();
  byId("rail").setAttribute("aria-label", t("phase.rail"));
  let redraw = () => {};
  startTheme(() => redraw());
  startSession();
  try {
    const page = new PhasePage(await api.getCatalog());
    redraw = () => page.draw();
    wire(page);
    page.route();
  } catch (error) {
    notice("loading", error instanceof api.Problem ? error.detail : String(error));
    throw error;
  }
}

void start();
