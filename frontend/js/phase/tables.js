/**
 * What the diagram shows, as numbers: the critical line, and a row for each place of the map. Pure: what is known -> table.
 * @typedef {import("../types.js").Sheet} Sheet
 * @typedef {import("../format.js").Words} Words
 * @typedef {import("./figure.js").PhaseMap} PhaseMap
 * @typedef {import("./figure.js").Row} Row
 */
import { orNone } from "../format.js";
import { t } from "../../i18n/index.js";

const LINE_DIGITS = 4;

/** @param {PhaseMap} map @param {Words} words @returns {Sheet} */
export const lineTable = (map, words) => ({
  head: [t("phase.sigma_b2"), t("phase.critical")],
  rows: map.sigma_b2.map((b2, index) => [words.number(b2), orNone(map.critical_sigma_w2[index], (w2) => words.number(w2, LINE_DIGITS))]),
});

/** Theory's map where the colour is theory's, else the measured or trained one's as far as its rows are there.
 * @param {{map: PhaseMap, rows: Row[], colour: string}} shown @param {Words} words @returns {Sheet} */
export function mapTable({ map, rows, colour }, words) {
  const places = colour === "theory" ? theory(map) : rows.flatMap(measured);
  const head = colour === "theory" ? ["phase.scale", "theory.chi", "theory.q"] : ["phase.variance", "phase.correlation", "theory.chi", "phase.start_loss", "phase.loss"];
  return { head: ["phase.sigma_w2", "phase.sigma_b2", ...head].map((key) => t(key)), rows: places.map((place) => place.map((value) => words.number(value))) };
}

/** @param {PhaseMap} map */
const theory = (map) => map.sigma_b2.flatMap((b2, b) => map.sigma_w2.map((w2, w) => [w2, b2, map.depth_scale[b][w], map.chi[b][w], map.q[b][w]]));

/** @param {Row} row */
const measured = (row) => row.sigma_w2.map((w2, w) => [w2, row.sigma_b2, row.q[w], row.correlation[w], row.chi[w], row.loss[w], row.final_loss[w]]);
