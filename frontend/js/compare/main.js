/** The comparison's page: the address names the runs, the server streams them together, the panels draw them over each other. */
import { flush } from "../address.js";
import * as api from "../api.js";
import { begin } from "../begin.js";
import { byId, el } from "../dom.js";
import { startKeys } from "../keys.js";
import { notice, share, tellProblems } from "../notices.js";
import { parseView } from "../state.js";
import { startLanguage } from "../texts.js";
import { next as nextTheme } from "../theme.js";
import { t } from "../../i18n/index.js";
import { ComparePage } from "./page.js";
import { MOST, MOST_SEEDS, optionsFor, parseRuns } from "./state.js";

/** The records of the runs that there are, in their groups; the ids of those that there are not.
 * @param {string[][]} asked @returns {Promise<{groups: import("../types.js").RunRecord[][], missing: string[]}>} */
async function load(asked) {
  const groups = await Promise.all(asked.map((ids) => Promise.all(ids.map((id) => api.ifThere(api.getRun(id))))));
  const missing = asked.flatMap((ids, place) => ids.filter((_, index) => groups[place][index] === null));
  return { groups: groups.map((group) => group.filter((record) => record !== null)).filter((group) => group.length), missing };
}

/** What the address asks for and does not get, in words. @param {{bad: string[], left: number}} parsed @param {string[]} missing @param {number} found */
function tell({ bad, left }, missing, found) {
  notice("bad", bad.length ? t("compare.bad", { list: bad.join(", ") }) : "");
  notice("left", left ? t("compare.left", { count: left, most: MOST, seeds: MOST_SEEDS }) : "");
  notice("missing", missing.length ? t("compare.missing", { list: missing.join(", ") }) : "");
  notice("few", found < 2 ? t(found ? "compare.one" : "compare.none") : "", found < 2 && el("a", { href: "/runs", text: t("compare.choose") }));
}

/** @param {ComparePage} page */
function wire(page) {
  const { player } = page;
  startKeys({
    " ": () => player.toggle(), ArrowLeft: () => player.go(player.index - 1), ArrowRight: () => player.go(player.index + 1),
    Home: () => player.go(0), End: () => player.follow(), d: () => { nextTheme(); page.draw(true); }, s: () => byId("share").click(),
  });
  for (const id of ["language", "figures", "share", "dock"]) byId(id).hidden = false;
  startLanguage((chosen) => { page.choose("view.lang", chosen); flush(); });
  byId("figures").addEventListener("click", () => void page.figures());
  byId("share").addEventListener("click", () => void share(new URL(page.url(), location.href).href, t("share.copied_comparison")));
}

begin(async (onTheme) => {
  if (!window.Plotly) return notice("plotly", t("notice.plotly"));
  const parsed = parseRuns(location.search);
  const [catalog, { groups, missing }] = await Promise.all([api.getCatalog(), load(parsed.asked)]);
  tell(parsed, missing, groups.flat().length);
  document.body.dataset.runs = String(groups.length);
  if (!groups.length) return void (document.body.dataset.ready = "true");
  const { view, problems } = parseView(location.hash, optionsFor(groups.length));
  tellProblems(problems);
  const page = new ComparePage(catalog, groups, view);
  onTheme(() => page.draw(true));
  wire(page);
  page.draw();
  // A hash edited by hand, or another comparison in the same tab.
  window.addEventListener("hashchange", () => location.reload());
});
