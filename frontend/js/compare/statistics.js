/**
 * The statistics by layer that a comparison draws: which quantity each needs, and its numbers, one a row of the frame.
 * @typedef {import("../types.js").Frame} Frame
 * @typedef {import("../types.js").Maybe} Maybe
 * @typedef {{quantity: string, axis: "log" | "share" | "linear", optional?: boolean, of: (frame: Frame) => Maybe[] | undefined}} Statistic optional: null means that a layer has none
 */

/** @type {Record<string, Statistic>} */
export const STATISTICS = {
  signal: { quantity: "preactivation", axis: "log", of: (frame) => frame.quantities.preactivation?.mean_square },
  activation: { quantity: "activation", axis: "log", of: (frame) => frame.quantities.activation?.mean_square },
  activation_mean: { quantity: "activation", axis: "linear", of: (frame) => frame.quantities.activation?.mean },
  activation_std: { quantity: "activation", axis: "log", of: (frame) => frame.quantities.activation?.std },
  gradient: { quantity: "preactivation_gradient", axis: "log", of: (frame) => frame.quantities.preactivation_gradient?.norm },
  weight_gradient: { quantity: "weight_gradient", axis: "log", of: (frame) => frame.quantities.weight_gradient?.norm },
  weight: { quantity: "weight", axis: "log", of: (frame) => frame.quantities.weight?.std },
  update: { quantity: "update", axis: "log", of: (frame) => frame.quantities.update?.ratio },
  dead: { quantity: "activation", axis: "share", of: (frame) => frame.quantities.activation?.dead },
  saturated: { quantity: "activation", axis: "share", optional: true, of: (frame) => frame.quantities.activation?.saturated },
  gamma: { quantity: "preactivation", axis: "linear", optional: true, of: (frame) => frame.normalization?.gamma },
  running_mean_gap: { quantity: "preactivation", axis: "linear", optional: true, of: (frame) => frame.normalization?.running_mean_gap },
  running_variance_ratio: { quantity: "preactivation", axis: "log", optional: true, of: (frame) => frame.normalization?.running_variance_ratio },
  correlation: { quantity: "preactivation", axis: "linear", optional: true, of: (frame) => frame.correlation },
};
