/** What differs between configurations: only the keys whose values are not all the same. */

import { flat } from "./labels.js";

/** One entry for each key that differs, with its value in each configuration; undefined where that has no such key.
 * @param {Record<string, any>[]} configs @returns {{path: string, values: unknown[]}[]} */
export function differences(configs) {
  const tables = configs.map((config) => new Map(flat(config)));
  const paths = [...new Set(tables.flatMap((table) => [...table.keys()]))];
  return paths.map((path) => ({ path, values: tables.map((table) => table.get(path)) }))
    .filter(({ values }) => values.some((value) => JSON.stringify(value) !== JSON.stringify(values[0])));
}
