/** The server's token: the field to give it where the server asks for it, and the button to give it up. */
import { byId, el } from "./dom.js";
import { notice } from "./notices.js";
import { t } from "../i18n/index.js";

/** Stands until the token is given; then the page begins again, signed in. */
export function askForToken() {
  if (document.querySelector("[data-notice=signin]")) return;
  const said = el("span", { class: "error", role: "alert" });
  const field = el("input", { type: "password", name: "token", autocomplete: "current-password", required: true, "aria-label": t("signin.field"), placeholder: t("signin.field"), "data-testid": "token" });
  const form = el("form", { class: "inline signin", "data-testid": "signin" }, field, el("button", { type: "submit", class: "primary", text: t("signin.send") }), said);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void session("POST", { token: field.value }).then((problem) => (problem ? (said.textContent = problem) : location.reload()));
  });
  notice("signin", t("signin.why"), form);
}

/** Who has signed in can sign out; the page then begins again and says that this is done. */
export function startSession() {
  if (document.querySelector("meta[name=signed-in]")) {
    byId("language").before(el("button", { type: "button", class: "quiet", "data-testid": "signout", text: t("signin.out"), title: t("signin.out_help"), onclick: () => void signOut() }));
  }
  if (!history.state?.signedOut) return;
  history.replaceState(null, "");
  notice("signout", t("signin.gone"));
}

async function signOut() {
  const problem = await session("DELETE");
  if (problem) return notice("signout", problem);
  history.replaceState({ signedOut: true }, ""); // outlives the reload, and needs no storage, which a browser may refuse
  location.reload();
}

/** The cookie that is answered or taken back is one that only the browser sees. @param {string} method @param {object} [body] @returns {Promise<string>} what went wrong, or "" */
async function session(method, body) {
  const answer = await fetch("/api/session", { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) }).catch(() => null);
  if (!answer) return t("error.connection");
  return answer.ok ? "" : t(answer.status === 401 ? "signin.wrong" : "error.status", { status: answer.status });
}
