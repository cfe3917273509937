/**
 * What leaves the page as files: the whole of it as pictures and tables, made here, so that a preview and a report have it too; and what the
 * server has of a run, or measures of a configuration.
 */
import * as api from "./api.js";
import { byId, el, setContents } from "./dom.js";
import { embedded } from "./embed.js";
import { fileName, save } from "./files.js";
import { notice, toast } from "./notices.js";
import { report } from "./report.js";
import { zip } from "./zip.js";
import { t } from "../i18n/index.js";

/** @typedef {{files: () => Promise<import("./zip.js").Entry[]>}} Shelf a board, or whatever has files */

/** Everything on show in one archive: each panel's picture and numbers, and what they are of.
 * @param {Shelf} board @param {Record<string, unknown>} about */
export async function saveFigures(board, about) {
  const told = toast(t("export.drawing")), files = await board.files().finally(() => told.remove());
  save(`${fileName("figures")}.zip`, zip([...files, { name: "about.json", data: `${JSON.stringify(about, null, 2)}\n` }]), "application/zip");
}

/** The answer of a preview as programs get it: every number as it was measured. @param {unknown} config */
export async function savePreview(config) {
  try {
    save(`${fileName("preview")}.json`, await api.previewInFull(config), "application/json");
  } catch (error) {
    if (!(error instanceof api.Problem)) throw error;
    notice("export", error.detail);
  }
}

/** The menu's entries. @param {string | null} id of the run on show; null while a configuration is
 * @param {{figures: () => void, preview: () => void, embed: () => void}} acts @param {boolean} some whether anything is on show */
export function showExport(id, acts, some) {
  byId("export-menu").hidden = !some || embedded;
  setContents(byId("export-list"), id, () => [
    button("export.figures", acts.figures),
    ...(report ? [] : id === null ? [button("export.preview", acts.preview)] : [
      ...["json", "csv", "html"].map((kind) => el("a", { href: `/api/runs/${id}/export.${kind}`, download: true, text: t(`export.${kind}`) })),
      button("export.embed", acts.embed, "embed-button")]),
  ]);
}

/** @param {string} words @param {() => void} act @param {string} [testid] */
const button = (words, act, testid = words.replace(".", "-")) => el("button", { type: "button", "data-testid": testid, text: t(words), onclick: () => { byId("export-menu").removeAttribute("open"); act(); } });
