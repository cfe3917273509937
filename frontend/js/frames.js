/**
 * The frames of the run on show, in order, and the loss curve they carry. Of every frame its few numbers are kept, of the newest and
 * those looked at last everything, as it came, and read when it is looked at: a long run of a deep network is millions of counts. What is
 * looked at again is asked for again.
 * @typedef {import("./types.js").Frame} Frame
 * @typedef {import("./types.js").Sent} Sent
 * @typedef {import("./types.js").Past} Past
 * @typedef {import("./types.js").Curve} Curve
 * @typedef {{again: (seq: number) => Promise<Sent | null | void>, loaded: () => void, failed: (problem: unknown) => void}} Source
 */
import { opened, sizeOf } from "./compact.js";

/** Characters that are kept at hand, a byte each: 500 frames of 50 layers. */
const MOST_CHARACTERS = 24e6;

/** Frames that are kept as they are drawn. */
const MOST_OPEN = 4;

export class FrameStore {
  /** @param {Source | null} [source] where a frame comes from once more; without one all are kept @param {number} [most] characters that are kept at hand */
  constructor(source = null, most = MOST_CHARACTERS) {
    this.source = source;
    this.most = most;
    /** @type {Past[]} */
    this.history = [];
    /** Whole frames by their place, those looked at last at the end. @type {Map<number, Sent>} */
    this.whole = new Map();
    this.size = 0;
    /** Those looked at last, read. @type {Map<Sent, Frame>} */
    this.open = new Map();
    /** Whether a frame has been asked for that is not here yet. */
    this.asking = false;
    /** @type {Curve} */
    this.curve = { steps: [], values: [] };
    /** @type {Set<number>} */
    this.seen = new Set();
  }

  get length() { return this.history.length; }

  /** A frame seen before (a stream that began again) changes nothing. @param {Sent} frame @returns {boolean} whether it was new */
  add(frame) {
    if (this.seen.has(frame.seq)) return false;
    this.seen.add(frame.seq);
    this.history.push(pastOf(frame));
    this.keep(this.length - 1, frame);
    extend(this.curve, frame);
    return true;
  }

  /** The first frame stays, as much is said about the start; else those go first that nobody looked at for longest.
   * @param {number} place @param {Sent} frame */
  keep(place, frame) {
    this.whole.set(place, frame);
    this.size += sizeOf(frame);
    for (const [other, old] of this.source ? this.whole : []) {
      if (this.size <= this.most) return;
      if (other === 0 || other === place) continue;
      this.whole.delete(other);
      this.size -= sizeOf(old);
    }
  }

  /** @param {number} index @returns {Frame | undefined} nothing where there is none, and where it is asked for again: `loaded` says when it is here */
  at(index) {
    const place = Math.max(0, Math.min(index, this.length - 1)), frame = this.whole.get(place);
    if (frame) {
      this.whole.delete(place);
      this.whole.set(place, frame);
    } else if (place in this.history) void this.ask(place);
    return frame && this.read(frame);
  }

  /** The same object as long as it is among those looked at last. @param {Sent} frame @returns {Frame} */
  read(frame) {
    const found = this.open.get(frame) ?? opened(frame);
    this.open.delete(frame);
    this.open.set(frame, found);
    if (this.open.size > MOST_OPEN) this.open.delete(/** @type {Sent} */ (this.open.keys().next().value));
    return found;
  }

  /** One at a time: whoever scrubs fast is given the one that is looked at by then. @param {number} place */
  async ask(place) {
    if (this.asking || !this.source) return;
    this.asking = true;
    const frame = await this.source.again(this.history[place].seq).catch(this.source.failed);
    this.asking = false;
    if (!frame) return;
    this.keep(place, frame);
    this.source.loaded();
  }

  /** @param {number} index @returns {number | null} */
  stepAt(index) { return this.history[Math.max(0, Math.min(index, this.length - 1))]?.step ?? null; }

  /** The last frame at or before a step. @param {number} step */
  indexOfStep(step) {
    const after = this.history.findIndex((frame) => frame.step > step);
    return Math.max(0, (after < 0 ? this.length : after) - 1);
  }
}

/** What is kept of every frame: what is drawn over the steps. @param {Sent} frame @returns {Past} */
function pastOf({ seq, step, loss, accuracy, validation_loss, validation_accuracy, evaluation_loss, evaluation_accuracy, normalization }) {
  return { seq, step, loss, accuracy, validation_loss, validation_accuracy, evaluation_loss, evaluation_accuracy, normalization };
}

/** `losses` ends at the frame's own step; without it the frame's loss is one point. @param {Curve} curve @param {Sent} frame */
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
