/**
 * The frames of the run on show, in order, and the loss curve they carry. Counts are packed into typed arrays as they
 * come in: a long run of a deep network is millions of them.
 * @typedef {import("./types.js").Frame} Frame
 * @typedef {import("./types.js").Curve} Curve
 */

export class FrameStore {
  constructor() {
    /** @type {Frame[]} */
    this.frames = [];
    /** @type {Curve} */
    this.curve = { steps: [], values: [] };
    /** @type {Set<number>} */
    this.seen = new Set();
  }

  get length() { return this.frames.length; }

  /** A frame seen before (a stream that began again) changes nothing. @param {Frame} frame @returns {boolean} whether it was new */
  add(frame) {
    if (this.seen.has(frame.seq)) return false;
    this.seen.add(frame.seq);
    this.frames.push(packed(frame));
    extend(this.curve, frame);
    return true;
  }

  /** @param {number} index @returns {Frame | undefined} */
  at(index) { return this.frames[Math.max(0, Math.min(index, this.frames.length - 1))]; }

  /** The last frame at or before a step. @param {number} step */
  indexOfStep(step) {
    const after = this.frames.findIndex((frame) => frame.step > step);
    return Math.max(0, (after < 0 ? this.frames.length : after) - 1);
  }
}

/** @param {Frame} frame @returns {Frame} */
function packed(frame) {
  for (const quantity of Object.values(frame.quantities)) {
    quantity.linear.counts = quantity.linear.counts.map((row) => Float32Array.from(row ?? []));
    quantity.log10.counts = quantity.log10.counts.map((row) => Float32Array.from(row ?? []));
  }
  return frame;
}

/** `losses` ends at the frame's own step; without it the frame's loss is one point. @param {Curve} curve @param {Frame} frame */
function extend(curve, frame) {
  const losses = frame.losses?.length ? frame.losses : [frame.loss];
  const first = frame.step - losses.length + 1;
  losses.forEach((loss, index) => {
    const step = first + index;
    if (curve.steps.length && step <= curve.steps[curve.steps.length - 1]) return;
    curve.steps.push(step);
    curve.values.push(loss);
  });
}

/** At most about `limit` points, each stretch by its lowest and highest, so that no spike is lost. @param {Curve} curve @param {number} limit @returns {Curve} */
export function thinned(curve, limit) {
  const total = curve.steps.length;
  if (total <= limit) return curve;
  const stride = Math.ceil((2 * total) / limit);
  /** @type {Curve} */
  const out = { steps: [], values: [] };
  for (let start = 0; start < total; start += stride) {
    for (const index of extremes(curve.values, start, Math.min(start + stride, total))) {
      out.steps.push(curve.steps[index]);
      out.values.push(curve.values[index]);
    }
  }
  return out;
}

/** Places of the lowest and the highest value, in order; a gap (null) is kept. @param {(number | null)[]} values @param {number} start @param {number} end */
function extremes(values, start, end) {
  let low = start, high = start;
  for (let index = start; index < end; index += 1) {
    const value = values[index];
    if (value === null) return [index];
    if (value < (values[low] ?? Infinity)) low = index;
    if (value > (values[high] ?? -Infinity)) high = index;
  }
  return low === high ? [low] : [Math.min(low, high), Math.max(low, high)];
}
