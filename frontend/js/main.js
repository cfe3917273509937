/** Assembles the page: address -> state -> preview or run -> frames -> panels. */
import { flush } from "./address.js";
import { App } from "./app.js";
import * as api from "./api.js";
import { begin } from "./begin.js";
import { byId } from "./dom.js";
import { embedded } from "./embed.js";
import { startKeys } from "./keys.js";
import { fillLessons } from "./lesson.js";
import { startDrawer, startMenus, startTopBar } from "./menus.js";
import { notice } from "./notices.js";
import { report } from "./report.js";
import { configCard } from "./report-config.js";
import { VIEW_OPTIONS } from "./state.js";
import { startLanguage } from "./texts.js";
import { next as nextTheme } from "./theme.js";
import { startWelcome } from "./welcome.js";
import { language, languageIn, t } from "../i18n/index.js";

const QUANTITIES = VIEW_OPTIONS[0];

function fillLabels() {
  byId("rail").setAttribute("aria-label", t("app.rail"));
  byId("grid").setAttribute("aria-label", t("app.charts"));
}

/** @param {App} app */
function keysOf(app) {
  const { player } = app;
  return {
    " ": () => player.toggle(), ArrowLeft: () => player.go(player.index - 1), ArrowRight: () => player.go(player.index + 1),
    Home: () => player.go(0), End: () => player.follow(), "[": () => app.stepLayer(-1), "]": () => app.stepLayer(1),
    ...(embedded ? {} : { t: () => void app.train(), s: () => void app.share() }), d: () => { nextTheme(); app.draw(true); },
    ...Object.fromEntries(QUANTITIES.choices.map((choice, index) => [String(index + 1), () => app.choose(QUANTITIES.path, choice)])),
  };
}

/** @param {App} app */
function wire(app) {
  if (report) byId("verdict").before(configCard(app.catalog, report.run.config));
  byId("train").addEventListener("click", () => void app.train());
  byId("cancel").addEventListener("click", () => void app.cancel());
  byId("share").addEventListener("click", () => void app.share());
  byId("reset").addEventListener("click", () => app.reset());
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("controls-all").addEventListener("click", () => { app.choose("view.controls", null); app.follow(); });
  startLanguage((chosen) => { app.choose("view.lang", chosen); flush(); });
  window.addEventListener("popstate", () => ((languageIn(location.hash) ?? language) === language ? app.route() : location.reload()));
  fillLessons(byId("lessons-menu"), byId("lessons-list"), app.catalog, (id) => void app.lesson.open(id, 1));
  startMenus(() => app.run?.id ?? null, (id) => app.openRun(id));
  startTopBar();
  startDrawer();
  startKeys(keysOf(app));
}

begin(async (onTheme) => {
  fillLabels();
  if (!window.Plotly) return notice("plotly", t("notice.plotly"));
  notice("loading", t("app.loading"));
  const app = new App(await api.getCatalog());
  onTheme(() => app.draw(true));
  wire(app);
  startWelcome(app.catalog, (id) => void app.lesson.open(id, 1));
  app.route();
  notice("loading", "");
});
