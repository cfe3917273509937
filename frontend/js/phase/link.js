/**
 * The way from the dashboard to the phase diagram: the same activation and size, and a star where the network on show stands,
 * with axes that reach it; and the way back to that network.
 * @typedef {import("../types.js").State} State
 * @typedef {import("../types.js").Theory} Theory
 */
import { addressed } from "../../i18n/index.js";

const SHARED = /^(network\.activation\.|network\.depth$|network\.width$|seed$)/;

/** The diagram's own axes. @type {[string, number, number][]} */
const AXES = [["sigma_w2", 0.25, 4], ["sigma_b2", 0, 0.5]];

/** A page of the dashboard, with what it shows: nothing that leads elsewhere. */
const DASHBOARD = /^\/(runs\/[\w-]{1,64})?(#[^#]*)?$/;

/** The dashboard's address that a link names, or null. @param {string} text */
export const readFrom = (text) => (DASHBOARD.test(text) ? text : null);

/** The dashboard as it was left, in the language that the page has now. @param {string | null} from */
export function backUrl(from) {
  const [path, hash = ""] = (from ?? "/").split("#"), kept = hash.split("&").filter((pair) => pair && !pair.startsWith("view.lang="));
  const text = addressed(kept.join("&"));
  return text ? `${path}#${text}` : path;
}

/** @param {State} state @param {Theory | null} theory @param {string} from the dashboard's own address */
export function phaseUrl(state, theory, from) {
  const pairs = Object.entries(state).filter(([path]) => SHARED.test(path)).map(([path, value]) => [path, String(value)]);
  if (readFrom(from) !== null && from !== "/") pairs.push(["from", from]);
  const at = theory?.applies ? [theory.sigma_w2, theory.sigma_b2].map((values) => values?.[Math.min(1, values.length - 1)]) : [];
  const known = at.filter((value) => typeof value === "number" && Number.isFinite(value)).map((value) => Number(Number(value).toPrecision(6)));
  if (known.length === 2) pairs.push(...AXES.flatMap((axis, index) => reaching(axis, known[index])), ["own", known.join(",")]);
  return `/phase#${addressed(pairs.map(([key, text]) => `${key}=${encodeURIComponent(text).replace("%2C", ",")}`).join("&"))}`;
}

/** An axis that ends before the value goes a quarter beyond it. @param {[string, number, number]} axis @param {number} value */
const reaching = ([name, low, high], value) => [...(value < low ? [[`${name}.low`, "0"]] : []), ...(value > high ? [[`${name}.high`, String(Number((1.25 * value).toPrecision(2)))]] : [])];
