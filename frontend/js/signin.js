/** What a page says when the server asks for its token, and the field to give it. */
import { el } from "./dom.js";
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
    void send(field.value).then((problem) => (problem ? (said.textContent = problem) : location.reload()));
  });
  notice("signin", t("signin.why"), form);
}

/** The cookie that answers is one that only the browser sees. @param {string} token @returns {Promise<string>} why not; "" where it was taken */
async function send(token) {
  const answer = await fetch("/api/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }) }).catch(() => null);
  if (!answer) return t("error.connection");
  return answer.ok ? "" : t(answer.status === 401 ? "signin.wrong" : "error.status", { status: answer.status });
}
