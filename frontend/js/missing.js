/** What an address leads to where there is no page: what was asked for, and where to go instead. */
import { byId } from "./dom.js";
import { fillTexts, startLanguage } from "./texts.js";
import { startTheme } from "./theme.js";
import { t } from "../i18n/index.js";

fillTexts();
startTheme(() => {});
startLanguage((chosen) => history.replaceState(null, "", `#view.lang=${chosen}`));
byId("missing").textContent = t("missing.words", { path: location.pathname });
document.title = `${t("missing.title")} – ${t("app.title")}`;
document.body.dataset.ready = "true";
