/**
 * The measured or trained map: its rows as they come, and how far it is. A link names one and starts none; one that this server does not
 * have, or that is of another map than the link says, is let go.
 * @typedef {import("../types.js").RunRecord} RunRecord
 * @typedef {import("./figure.js").Row} Row
 */
import * as api from "../api.js";
import { LIVE, deleted } from "../status.js";

export class Sweep {
  /** @param {() => void} changed @param {() => void} lost the one that the link named */
  constructor(changed, lost) {
    this.changed = changed;
    this.lost = lost;
    this.id = "";
    /** @type {Row[]} */
    this.rows = [];
    /** @type {RunRecord | null} */
    this.record = null;
    this.unfollow = () => {};
  }

  get live() { return this.record !== null && LIVE.includes(this.record.status); }

  drop() {
    this.unfollow();
    Object.assign(this, { id: "", rows: [], record: null, unfollow: () => {} });
  }

  /** @param {string} id */
  follow(id) {
    this.drop();
    this.id = id;
    const update = (/** @type {RunRecord} */ now) => this.update(now);
    this.unfollow = api.followSweep(id, {
      status: update, end: update, frame: (row) => { this.rows.push(/** @type {any} */ (row)); this.changed(); },
      gone: () => { if (this.record) this.update(deleted(this.record)); },
    });
  }

  /** One that a link names. @param {string} id @param {(config: Record<string, unknown>) => boolean} fits whether it is of the map on show */
  async open(id, fits) {
    this.drop();
    this.id = id;
    const record = await api.ifThere(api.getSweep(id));
    if (this.id !== id) return;
    if (record && fits(record.config)) return this.follow(id);
    this.drop();
    this.lost();
  }

  /** @param {RunRecord} record */
  update(record) {
    this.record = record;
    this.changed();
  }
}

/** Whether a configuration has every setting of another, part by part. @param {any} whole @param {any} part @returns {boolean} */
export const agrees = (whole, part) => (part !== null && typeof part === "object"
  ? Object.entries(part).every(([name, value]) => agrees(whole?.[name], value)) : whole === part);
