/**
 * A report is this page with its data inside, opened with no server: the run, its frames, theory and catalogue stand in a
 * JSON script element. Elsewhere there is no such element, and `report` is null.
 * @typedef {import("./types.js").Catalog} Catalog
 * @typedef {import("./types.js").RunRecord} RunRecord
 * @typedef {import("./types.js").Frame} Frame
 * @typedef {import("./types.js").Theory} Theory
 * @typedef {{catalog: Catalog, run: RunRecord, frames: Frame[], theory: Theory}} Report
 */

/** @type {Report | null} */
export const report = JSON.parse(document.getElementById("report")?.textContent ?? "null");
if (report) document.body.classList.add("report");
