/**
 * A run that is followed: its record, its frames as they come, and theory for the batch of its first frame.
 * @typedef {import("./types.js").Sent} Sent
 * @typedef {import("./types.js").RunRecord} RunRecord
 * @typedef {{changed: () => void, loaded: () => void, failed: (problem: unknown) => void}} Listeners
 */
import * as api from "./api.js";
import { FrameStore } from "./frames.js";
import { report } from "./report.js";
import { LIVE, deleted, isOutdated } from "./status.js";

export class FollowedRun {
  /** @param {RunRecord} record @param {Listeners} listeners */
  constructor(record, listeners) {
    this.record = record;
    this.listeners = listeners;
    const { loaded, failed } = listeners;
    this.store = new FrameStore(report ? null : { again: (seq) => api.getFrame(record.id, seq), loaded, failed });
    this.theory = record.theory ?? null;
    this.stop = api.follow(record.id, {
      status: (now) => this.update(now), end: (now) => this.update(now), frame: (frame) => this.add(frame),
      gone: () => this.update(deleted(this.record)),
    });
  }

  get live() { return LIVE.includes(this.record.status); }

  /** What a preview would have said of it; null until its first frame. */
  get shown() {
    const { config, layers, findings } = this.record, frame = this.store.at(0);
    return frame ? { config, layers: layers ?? [], frame, theory: this.theory, findings: findings ?? [] } : null;
  }

  /** @param {RunRecord} record */
  update(record) {
    if (isOutdated(record, this.record)) return;
    this.record = record;
    this.listeners.changed();
  }

  /** @param {Sent} frame */
  add(frame) {
    if (!this.store.add(frame)) return;
    if (this.store.length === 1 && !this.theory) this.ask(frame);
    this.listeners.changed();
  }

  /** @param {Sent} first */
  ask(first) {
    api.theory(this.record.config, first.input).then((theory) => { this.theory = theory; this.listeners.changed(); }).catch(this.listeners.failed);
  }
}
