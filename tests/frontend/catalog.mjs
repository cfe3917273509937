/** The catalogue as the server sends it, from the models themselves. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const SCRIPT = "import json; from models.catalog import catalog; print(json.dumps({**catalog(), 'lessons': [], 'limits': {}, 'version': ''}))";

export const catalog = JSON.parse(process.env.SIGPROP_CATALOG
  ? readFileSync(process.env.SIGPROP_CATALOG, "utf8")
  : execFileSync(".venv/bin/python", ["-c", SCRIPT], { encoding: "utf8", maxBuffer: 1 << 26 }));

/** Random numbers that a seed fixes (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
