/**
 * Whether the server answers. Whoever asks it in vain waits here, and asks again when it is back; meanwhile the page says so. All who wait
 * share one question, which is put less and less often; a browser that is online again asks at once.
 */
import { notice } from "./notices.js";
import { t } from "../i18n/index.js";

const FIRST_MS = 1000, MOST_MS = 15000;

/** Waiting, each with what the page says meanwhile. @type {Set<string[]>} */
const waiting = new Set();

/** Settles once the server is ready; null while nobody waits for it. @type {Promise<void> | null} */
let returning = null;

/** @returns {Promise<boolean>} whether the server takes requests: not while it starts, is stopped, or cannot read its store */
export const isReady = () => fetch("/api/health/ready", { cache: "no-store" }).then(({ ok }) => ok, () => false);

/** Waits until the server is ready, and longer for whoever asked in vain more often: a whole class that comes back does not come at once.
 * @param {number} tries how often before @param {string} [why] what the server said of it, if it answered */
export async function untilBack(tries, why = "") {
  const one = [why ? t("notice.not_ready", { detail: why }) : t("notice.lost")];
  waiting.add(one);
  tell();
  await pause(tries);
  await (returning ??= untilReady().finally(() => { returning = null; }));
  waiting.delete(one);
  tell();
}

async function untilReady() {
  for (let tries = 0; !(await isReady()); tries += 1) await pause(tries);
}

/** @param {number} tries */
function pause(tries) {
  const longest = Math.min(MOST_MS, FIRST_MS * 2 ** tries);
  return new Promise((resolve) => {
    window.setTimeout(resolve, longest * (0.5 + Math.random() / 2));
    window.addEventListener("online", resolve, { once: true });
  });
}

function tell() {
  notice("lost", [...waiting].at(-1)?.[0] ?? "");
  document.body.toggleAttribute("data-away", waiting.size > 0);
}
