/**
 * The grid of panels.
 * @typedef {import("./types.js").View} View
 */
import { Card, neighbour } from "./card.js";
import { readTheme } from "./charts.js";
import { PANELS } from "./panels/index.js";

export class Board {
  /** @param {HTMLElement} root @param {import("./card.js").CardActions} actions */
  constructor(root, actions) {
    this.root = root;
    this.cards = PANELS.map((panel) => new Card(panel, actions));
    this.theme = readTheme();
    /** @type {View | null} */
    this.view = null;
    root.append(...this.cards.map((card) => card.element));
    root.hidden = true;
  }

  /** @param {Omit<View, "theme">} view @param {boolean} recoloured */
  show(view, recoloured) {
    if (recoloured) this.theme = readTheme();
    const whole = { ...view, theme: this.theme };
    this.view = whole;
    this.root.hidden = false;
    for (const card of this.cards) card.show(whole);
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

  /** @param {number} by @returns {number | null} */
  neighbour(by) {
    return this.view ? neighbour(this.view, by) : null;
  }
}
