/**
 * The grid of panels.
 * @typedef {import("./types.js").BaseView} BaseView
 * @typedef {import("./types.js").View} View
 */
import { Card } from "./card.js";
import { isTouched, readTheme } from "./charts.js";

/** @template {BaseView} [V=View] */
export class Board {
  /** @param {HTMLElement} root @param {import("./types.js").Panel<V>[]} panels @param {import("./card.js").CardActions} actions */
  constructor(root, panels, actions) {
    this.root = root;
    this.cards = panels.map((panel) => new Card(panel, actions));
    this.theme = readTheme();
    /** @type {V | null} */
    this.view = null;
    root.append(...this.cards.map((card) => card.element));
    root.hidden = true;
  }

  /** @param {Omit<V, "theme" | "touched">} view @param {boolean} recoloured */
  show(view, recoloured) {
    if (recoloured) this.theme = readTheme();
    const whole = /** @type {V} */ (/** @type {unknown} */ ({ ...view, theme: this.theme, touched: isTouched() }));
    this.view = whole;
    this.root.hidden = false;
    for (const card of this.cards) card.show(whole);
  }

  /** Every panel that shows something, as files. */
  async files() {
    const files = [];
    for (const card of this.cards) files.push(...await card.files());
    return files;
  }

  /** Nothing to show: no empty boxes. */
  clear() {
    this.view = null;
    this.root.hidden = true;
  }

  /** @param {boolean} stale */
  stale(stale) {
    this.root.classList.toggle("stale", stale);
  }
}
