/**
 * Previews while controls move: a short pause, at most one request in flight, the newest configuration wins. One that
 * takes longer than a second is given up as soon as a newer one waits.
 * @typedef {import("./types.js").Preview} Preview
 */
import * as api from "./api.js";

const PAUSE_MS = 120, PATIENCE_MS = 1000;

export class Previewer {
  /** @param {{drawn: (preview: Preview) => void, failed: (problem: api.Problem) => void, busy: (busy: boolean) => void}} listeners */
  constructor(listeners) {
    this.listeners = listeners;
    /** @type {unknown} */
    this.waiting = null;
    /** @type {AbortController | null} */
    this.flying = null;
    this.startedAt = 0;
    this.timer = 0;
  }

  /** @param {unknown} config @param {number} [pause] */
  ask(config, pause = PAUSE_MS) {
    this.waiting = config;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.next(), pause);
  }

  /** Nothing that is under way counts any more. */
  stop() {
    this.waiting = null;
    window.clearTimeout(this.timer);
    this.flying?.abort();
    this.flying = null;
  }

  next() {
    if (this.waiting === null) return;
    if (!this.flying) return void this.send();
    const left = PATIENCE_MS - (performance.now() - this.startedAt);
    if (left <= 0) { this.flying.abort(); this.flying = null; return void this.send(); }
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.next(), left);
  }

  async send() {
    const config = this.waiting, control = new AbortController();
    Object.assign(this, { waiting: null, flying: control, startedAt: performance.now() });
    this.listeners.busy(true);
    try {
      const answer = await api.preview(config, control.signal);
      if (this.flying === control) this.listeners.drawn(answer);
    } catch (error) {
      if (this.flying === control && error instanceof api.Problem) this.listeners.failed(error);
      else if (this.flying === control) throw error;
    } finally {
      if (this.flying === control) { this.flying = null; this.listeners.busy(false); this.next(); }
    }
  }
}
