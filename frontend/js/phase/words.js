/**
 * What is said of the map: where the critical line runs, how deep networks train, how far what is measured is, and why there is no map to see.
 * @typedef {import("../types.js").Catalog} Catalog
 * @typedef {import("../types.js").State} State
 * @typedef {import("./figure.js").PhaseMap} PhaseMap
 * @typedef {import("./sweep.js").Sweep} Sweep
 */
import { byId, el, setContents, setText, sheetTable } from "../dom.js";
import { EXACT, READABLE, duration, integer, number } from "../format.js";
import { notice } from "../notices.js";
import { cardOf } from "../state.js";
import { timeLeft } from "../status.js";
import { said, t } from "../../i18n/index.js";
import { isShown } from "./colours.js";
import { TRAINABLE_SCALES, endless, isStraight, reaching } from "./figure.js";
import { ACTIVATION } from "./state.js";
import { lineTable } from "./tables.js";

/** What a step of the map's grid is worth. */
const GRID_DIGITS = 2;

/** Theory's sentence and the critical line as a table. @param {PhaseMap} map @param {State} state @param {Catalog} catalog
 * @param {(path: string, value: number) => void} widen brings a critical line in that lies beyond the picture */
export function tellTheory(map, state, catalog, widen) {
  setContents(byId("line-table"), [map.sigma_b2, map.critical_sigma_w2], () => [sheetTable(lineTable(map, READABLE), t("phase.critical"), lineTable(map, EXACT))]);
  const label = cardOf(catalog, ACTIVATION, state[`${ACTIVATION}.name`])?.label ?? "", depth = Number(state["network.depth"]);
  setText(byId("run-name"), `${label} · ${integer(depth)} × ${integer(Number(state["network.width"]))}`);
  const line = map.critical_sigma_w2.findIndex((value) => value !== null), beyond = reaching(map);
  const where = t(isStraight(map) ? "phase.line_straight" : "phase.line_from", { w2: number(map.critical_sigma_w2[line], 4), b2: number(map.sigma_b2[line]) });
  const critical = t(line < 0 ? "phase.words_none" : beyond ? "phase.words_beyond" : "phase.words", { label, where });
  const within = map.trainable.sigma_w2.length ? t("phase.within", { depth: integer(depth), scale: number(depth / TRAINABLE_SCALES) }) : "";
  const text = [critical, repels(map), within, ...grows(map)].filter(Boolean).join(t("words.between"));
  const button = beyond && el("button", { type: "button", "data-testid": "phase-widen", text: t("phase.widen"), onclick: () => widen(...beyond) });
  setContents(byId("words"), [text, beyond], () => [el("span", { text }), ...(button ? [document.createTextNode(" "), button] : [])]);
}

/** Where q has no end. @param {PhaseMap} map */
function grows(map) {
  return endless(map).map(([from, b2]) => {
    const first = number(from, GRID_DIGITS);
    return b2 === null ? t("phase.no_fixed_point", { first }) : t("phase.no_fixed_point_at", { first, b2: number(b2) });
  });
}

/** Why there is no critical point where a line would be looked for. @param {PhaseMap} map */
function repels({ repelling: point }) {
  return point ? t("phase.repels", { b2: number(point.sigma_b2), w2: number(point.sigma_w2, 4), q: number(point.q), slope: number(point.slope) }) : "";
}

/** @param {Sweep} sweep @param {State} state */
export function tellSweep(sweep, state) {
  const { record, live } = sweep, left = record && timeLeft({ ...record, steps_done: record.frames }), empty = emptiness(sweep, state);
  const words = record ? [t("phase.status", { status: t(`status.${record.status}`), rows: record.frames, total: record.steps_total }), left === null ? "" : t("status.left", { time: duration(left) })] : [];
  setText(byId("status"), words.filter(Boolean).join(" · "));
  byId("status").hidden = Boolean(empty) && !live;
  byId("progress").hidden = !live;
  byId("progress").setAttribute("value", String(record ? record.frames / record.steps_total : 0));
  byId("cancel").toggleAttribute("disabled", !live);
  setText(byId("measure"), t(state.colour === "loss" ? "phase.train_map" : "phase.measure"));
  setText(byId("empty"), empty);
  byId("empty").hidden = !empty;
  if (record?.error) notice("refused", said(record, "error"));
}

/** What an address asks for cannot be drawn, and nothing else is there to be shown. */
export function tellNone() {
  setText(byId("empty"), t("phase.no_map"));
  byId("empty").hidden = false;
  document.body.dataset.ready = "true";
}

/** Why there is no map to see, over where it will be. @param {Sweep} sweep @param {State} state */
function emptiness({ rows, live }, { colour, points, train_steps }) {
  const count = String(points);
  if (isShown(rows, String(colour))) return "";
  if (live) return t("phase.waiting");
  return colour === "loss" ? t("phase.empty_trained", { count, steps: integer(Number(train_steps)) }) : t("phase.empty", { count });
}
