/**
 * The names that a lesson gives to the runs it compares. A run is known by its configuration, so that a link, another order or
 * a run that was taken away do not mix them up.
 * @typedef {{label: string, config: Record<string, unknown>}} Contestant
 */

/** A configuration as dotted path -> value, in its own order. @param {Record<string, any>} config @param {string} [prefix] @returns {[string, unknown][]} */
export function flat(config, prefix = "") {
  return Object.entries(config).flatMap(([name, value]) =>
    (value !== null && typeof value === "object" && !Array.isArray(value) ? flat(value, `${prefix}${name}.`) : [[`${prefix}${name}`, value]]));
}

/** The label of the contestant that says most of what the run's whole configuration has; null where none fits.
 * @param {Record<string, any>} config @param {Contestant[]} contestants @returns {string | null} */
export function labelOf(config, contestants) {
  const whole = new Map(flat(config));
  const fitting = contestants.map(({ label, config: part }) => ({ label, said: flat(part) }))
    .filter(({ said }) => said.every(([path, value]) => JSON.stringify(whole.get(path)) === JSON.stringify(value)));
  return fitting.sort((a, b) => b.said.length - a.said.length)[0]?.label ?? null;
}
