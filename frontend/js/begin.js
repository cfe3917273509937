/** What every page begins with: its texts, its theme, who is signed in, and the link past its head; and what it says where it cannot start. */
import * as api from "./api.js";
import { byId } from "./dom.js";
import { notice } from "./notices.js";
import { startSession } from "./signin.js";
import { fillTexts } from "./texts.js";
import { startTheme } from "./theme.js";

/** @param {(onTheme: (redraw: () => void) => void) => Promise<void>} start starts the page; `onTheme` takes what is to be drawn anew in another theme */
export function begin(start) {
  let redraw = () => {};
  fillTexts();
  startTheme(() => redraw());
  startSession();
  // A link to a place on this page would take the place of the configuration in the address.
  byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("charts").focus(); });
  start((drawn) => { redraw = drawn; }).catch((error) => {
    notice("loading", error instanceof api.Problem ? error.detail : String(error));
    throw error;
  });
}
