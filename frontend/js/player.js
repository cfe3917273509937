/** The scrubber over all frames: play, pause, step, follow the newest. It owns the place on show and says when it moves. */
import { byId, setText } from "./dom.js";
import { t } from "../i18n/index.js";

const FRAME_MS = 120;

export class Player {
  /** @param {(byHand: boolean) => void} moved */
  constructor(moved) {
    this.moved = moved;
    this.count = 0;
    this.index = 0;
    this.following = true;
    this.timer = 0;
    this.slider = /** @type {HTMLInputElement} */ (byId("scrubber"));
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    byId("play").addEventListener("click", () => this.toggle());
    byId("previous").addEventListener("click", () => this.go(this.index - 1));
    byId("next").addEventListener("click", () => this.go(this.index + 1));
    byId("newest").addEventListener("click", () => this.follow());
  }

  /** @param {boolean} following whether the newest frame is shown as it comes */
  reset(following) {
    this.pause();
    Object.assign(this, { count: 0, index: 0, following });
  }

  /** There are so many frames now; the place moves only while the newest is followed. @param {number} count */
  grow(count) {
    this.count = count;
    if (this.following) this.index = Math.max(0, count - 1);
  }

  /** @param {number} index a place chosen by hand: the last one follows what comes */
  go(index) {
    this.pause();
    this.move(index);
  }

  /** @param {number} index */
  move(index) {
    this.index = Math.max(0, Math.min(index, this.count - 1));
    this.following = this.index >= this.count - 1;
    this.moved(true);
  }

  follow() { this.go(this.count - 1); }

  toggle() {
    if (this.timer) return this.pause();
    if (this.count < 2) return undefined;
    if (this.index >= this.count - 1) this.move(0);
    this.timer = window.setInterval(() => this.tick(), FRAME_MS);
    this.label();
  }

  tick() {
    this.move(this.index + 1);
    if (this.index >= this.count - 1) this.pause();
  }

  pause() {
    window.clearInterval(this.timer);
    this.timer = 0;
    this.label();
  }

  label() {
    const text = t(this.timer ? "action.pause" : "action.play");
    byId("play").setAttribute("aria-label", text);
    byId("play").title = text;
    byId("play").dataset.playing = String(Boolean(this.timer));
  }

  /** @param {number | null} step of the frame on show; null where there is no run */
  show(step) {
    const none = step === null || this.count === 0;
    const [text, more] = none ? [t("player.none"), ""] : [t("player.step", { step }), t("player.frame", { index: this.index + 1, count: this.count })];
    this.slider.max = String(Math.max(0, this.count - 1));
    this.slider.value = String(this.index);
    this.slider.disabled = none;
    this.slider.style.setProperty("--part", `${this.count > 1 ? (100 * this.index) / (this.count - 1) : 0}%`);
    this.slider.setAttribute("aria-valuetext", [text, more].filter(Boolean).join(" · "));
    setText(byId("player-text"), text);
    setText(byId("player-frame"), more && ` · ${more}`);
    for (const id of ["play", "previous", "next", "newest"]) /** @type {HTMLButtonElement} */ (byId(id)).disabled = none || this.count < 2;
    byId("newest").setAttribute("aria-pressed", String(this.following));
  }
}
