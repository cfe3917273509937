/**
 * The way from the dashboard to the phase diagram: the same activation and size, and a dot where the network on show stands.
 * @typedef {import("../types.js").State} State
 * @typedef {import("../types.js").Theory} Theory
 */
import { addressed } from "../../i18n/index.js";

const SHARED = /^(network\.activation\.|network\.depth$|network\.width$|seed$)/;

/** @param {State} state @param {Theory | null} theory */
export function phaseUrl(state, theory) {
  const pairs = Object.entries(state).filter(([path]) => SHARED.test(path)).map(([path, value]) => `${path}=${encodeURIComponent(String(value))}`);
  const at = theory?.applies ? [theory.sigma_w2, theory.sigma_b2].map((values) => values?.[Math.min(1, values.length - 1)]) : [];
  const known = at.length === 2 && at.every((value) => typeof value === "number" && Number.isFinite(value));
  return `/phase#${addressed([...pairs, ...(known ? [`dot=${at.map((value) => Number(Number(value).toPrecision(6))).join(",")}`] : [])].join("&"))}`;
}
