/** The share of a Gaussian's values in a histogram's bin: a bin may be far wider than the Gaussian, so that its density at one place would not do. */

/** The share of N(0, q) between two values. @param {number} q @param {number} low @param {number} high */
export const share = (q, low, high) => (erf(high / Math.sqrt(2 * q)) - erf(low / Math.sqrt(2 * q))) / 2;

/** The share whose size lies between two powers of ten. @param {number} q @param {number} low @param {number} high both logarithms */
export const shareOfSizes = (q, low, high) => 2 * share(q, 10 ** low, 10 ** high);

const P = 0.3275911, SERIES = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];

/** The error function to 1.5e-7 (Abramowitz & Stegun 7.1.26). @param {number} x @returns {number} */
function erf(x) {
  const t = 1 / (1 + P * Math.abs(x));
  return Math.sign(x) * (1 - Math.exp(-x * x) * SERIES.reduceRight((sum, factor) => (sum + factor) * t, 0));
}
