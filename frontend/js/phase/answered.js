/** A request's answer, or null where it was given up, or the server refuses, which is then said. */
import * as api from "../api.js";
import { notice } from "../notices.js";
import { t } from "../../i18n/index.js";

/** @template T @param {() => Promise<T>} request @param {string} [refused] key of what is said of a refusal @param {Record<string, string>} [words] for it @returns {Promise<T | null>} */
export async function answered(request, refused = "notice.action_failed", words = {}) {
  try {
    const answer = await request();
    notice("refused", "");
    return answer;
  } catch (error) {
    if (api.isGivenUp(error)) return null;
    if (!(error instanceof api.Problem)) throw error;
    if (error.status !== 401) notice("refused", t(refused, { ...words, detail: error.detail }));
    return null;
  }
}
