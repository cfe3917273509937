/** The panels in their order on the page. A new panel is one file and one line here. @typedef {import("../types.js").Panel} Panel */
import { deadSaturated } from "./dead-saturated.js";
import { gradientNorms } from "./gradient-norms.js";
import { histograms } from "./histograms.js";
import { initializer } from "./initializer.js";
import { layer } from "./layer.js";
import { loss } from "./loss.js";
import { meanSquare } from "./mean-square.js";
import { normalization } from "./normalization.js";
import { normalizationAxes } from "./normalization-axes.js";
import { theory } from "./theory.js";
import { updateRatio } from "./update-ratio.js";

/** @type {Panel[]} */
export const PANELS = [histograms, loss, gradientNorms, layer, theory, meanSquare, updateRatio, deadSaturated, normalization, normalizationAxes, initializer];
