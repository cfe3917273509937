/**
 * A frame's heat map as a small picture, drawn without Plotly: a pixel a layer and bin, enlarged by the browser.
 * @typedef {import("./types.js").Frame} Frame
 */
import { axisOf, gridOf } from "./binning.js";

const BINS = 36;

/** @param {HTMLCanvasElement} canvas @param {Frame} frame @param {string} name of the quantity @param {[number, string][]} scale the colours from share 0 to the largest */
export function drawThumbnail(canvas, frame, name, scale) {
  const quantity = frame.quantities[name], grid = gridOf(quantity, axisOf(quantity, "linear"), BINS), width = frame.layers.length;
  const peaks = grid.shares.map((share) => Math.max(...share)).sort((a, b) => a - b), top = peaks[Math.floor(peaks.length / 2)] || 1;
  const colours = scale.map(([, colour]) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
  Object.assign(canvas, { width, height: BINS });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), picture = context.createImageData(width, BINS);
  for (let layer = 0; layer < width; layer += 1) {
    for (let bin = 0; bin < BINS; bin += 1) {
      const place = Math.round(Math.sqrt(Math.min(1, grid.shares[layer][bin] / top)) * (colours.length - 1));
      picture.data.set([...colours[place], 255], 4 * ((BINS - 1 - bin) * width + layer));
    }
  }
  context.putImageData(picture, 0, 0);
}
