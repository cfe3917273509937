/** Starts the phase diagram's page. */
import * as api from "../api.js";
import { begin } from "../begin.js";
import { byId } from "../dom.js";
import { startKeys } from "../keys.js";
import { startDrawer } from "../menus.js";
import { share } from "../notices.js";
import { startLanguage } from "../texts.js";
import { next as nextTheme } from "../theme.js";
import { t } from "../../i18n/index.js";
import { PhasePage } from "./page.js";

/** @param {string} id */
const valueOf = (id) => /** @type {HTMLInputElement} */ (byId(id)).valueAsNumber;

/** @param {PhasePage} page */
function wire(page) {
  byId("measure").addEventListener("click", () => void page.measure());
  byId("cancel").addEventListener("click", () => void page.cancel());
  byId("map-csv").addEventListener("click", () => page.save("map"));
  byId("line-csv").addEventListener("click", () => page.save("line"));
  byId("share").addEventListener("click", () => void share(new URL(page.url(), location.href).href, t("share.copied_config")));
  byId("place").addEventListener("submit", (event) => { event.preventDefault(); page.dots.add(valueOf("place-w2"), valueOf("place-b2")); });
  startLanguage((chosen) => page.keep(chosen));
  startDrawer();
  startKeys({ t: () => page.dots.trainNewest(), s: () => byId("share").click(), d: () => { nextTheme(); page.draw(); } });
  window.addEventListener("popstate", () => page.route());
}

begin(async (onTheme) => {
  byId("rail").setAttribute("aria-label", t("phase.rail"));
  const page = new PhasePage(await api.getCatalog());
  onTheme(() => page.draw());
  wire(page);
  page.route();
});
