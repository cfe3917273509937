/** The panels of a comparison in their order on the page. */
import { losses } from "./losses.js";
import { differencePanel, mapPanel } from "./maps.js";
import { statisticPanel } from "./statistic.js";

/** @type {import("../../types.js").Panel<import("../../types.js").Comparison>[]} */
export const PANELS = [
  losses, statisticPanel("view.signal"), statisticPanel("view.gradient"), statisticPanel("view.units"), mapPanel(0), mapPanel(1), differencePanel,
];
