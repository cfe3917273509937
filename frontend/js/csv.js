/** A table as text for other programs (RFC 4180). @typedef {import("./types.js").Sheet} Sheet */

/** What stands in a table's cell where there is nothing; an empty one here. */
const NONE = "–";

/** @param {Sheet} sheet */
export const csv = ({ head, rows }) => [head, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");

/** @param {string | number} value */
function cell(value) {
  const text = value === NONE ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
