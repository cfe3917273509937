/**
 * A lesson beside the live page: a step's text, what to look at, and a question that is checked here. Which lesson and
 * step is on show stands in the address.
 * @typedef {import("./types.js").Catalog} Catalog
 * @typedef {import("./types.js").Lesson} Lesson
 * @typedef {import("./types.js").LessonStep} LessonStep
 * @typedef {import("./types.js").Question} Question
 * @typedef {import("./types.js").State} State
 * @typedef {{go: (id: string | null, number: number, step: LessonStep | null, controls: string[]) => void,
 *   train: (() => void) | null, compare: (step: LessonStep) => void, fail: (text: string) => void,
 *   read: (url: string) => Promise<Lesson>}} LessonActions
 */
import { el } from "./dom.js";
import { leading } from "./look.js";
import { LANGUAGE, VIEW_OPTIONS } from "./state.js";
import { language, t } from "../i18n/index.js";

/** The catalogue's lessons, each in the language of the page where there is one. @param {Catalog} catalog */
export function lessonsOf(catalog) {
  const all = catalog.lessons ?? [], ids = [...new Set(all.map(({ id }) => id))];
  return ids.map((id) => {
    const versions = all.filter((entry) => entry.id === id);
    return versions.find((entry) => entry.language === language) ?? versions[0];
  });
}

/** The configuration that a step shows. @param {LessonStep} step */
export const configOf = (step) => step.config ?? step.compare?.[0].config ?? {};

/** How a page looks at a network where nothing is said. */
const PLAIN = Object.fromEntries(VIEW_OPTIONS.filter((option) => option !== LANGUAGE).map(({ path, default: value }) => [path, value]));

/** What a step says of how to look, as options of the view. @param {LessonStep | null} step @returns {State} */
export const viewOf = (step) => Object.fromEntries(Object.entries(step?.view ?? {}).map(([name, value]) => [`view.${name}`, value]));

/** What a step looks at, as options of the view, whatever was looked at before; with no step, what is left when a lesson ends.
 * @param {string | null} id @param {number} number @param {LessonStep | null} step @param {string[]} controls @returns {State} */
export const optionsOf = (id, number, step, controls) => ({
  ...(step ? PLAIN : { "view.layer": null }), ...viewOf(step),
  "view.step": null, "view.lesson": id, "view.lesson_step": step && number, "view.controls": controls.join(",") || null,
});

/** Whether an answer is right: the index of a choice, or a number within the bounds. @param {Question} question @param {number} answer */
export const isRight = (question, answer) =>
  (question.choices ? answer === question.answer : answer >= Number(question.low) && answer <= Number(question.high));

/** A number as people type it: a comma for a point, a power of ten, a percentage. NaN where it is none. @param {string} text */
export function readNumber(text) {
  const plain = text.trim().replace(/[−–]/g, "-").replace(",", ".");
  if (plain === "") return NaN;
  return plain.endsWith("%") ? Number(plain.slice(0, -1)) / 100 : Number(plain);
}

export class LessonCard {
  /** @param {HTMLElement} root @param {Catalog} catalog @param {LessonActions} actions */
  constructor(root, catalog, actions) {
    this.root = root;
    this.catalog = catalog;
    this.actions = actions;
    /** @type {Map<string, Promise<Lesson>>} */
    this.loaded = new Map();
    this.shown = "";
    /** Whether somebody turned to a step here: then the reader goes along with it. */
    this.turned = false;
    root.hidden = true;
  }

  /** The lesson, or null where there is none; one that cannot be had is said, and asked for again the next time.
   * @param {string} id @returns {Promise<Lesson | null>} */
  async load(id) {
    const url = lessonsOf(this.catalog).find((one) => one.id === id)?.url;
    if (url === undefined) {
      this.actions.fail(t("lesson.missing", { id }));
      return null;
    }
    try {
      const known = this.loaded.get(url) ?? this.actions.read(url);
      this.loaded.set(url, known);
      return await known;
    } catch (error) {
      this.loaded.delete(url);
      this.shown = "";
      this.actions.fail(t("notice.action_failed", { detail: error instanceof Error ? error.message : String(error) }));
      return null;
    }
  }

  /** Shows what the address names. @param {State} options */
  async show(options) {
    const id = options["view.lesson"], key = JSON.stringify([id, options["view.lesson_step"]]);
    if (key === this.shown) return;
    this.shown = key;
    const lesson = id === null ? null : await this.load(String(id));
    if (this.shown !== key) return;
    this.root.hidden = !lesson;
    document.body.classList.toggle("in-lesson", Boolean(lesson));
    this.root.replaceChildren(...(lesson ? this.card(String(id), lesson, Number(options["view.lesson_step"])) : []));
    if (this.turned) this.root.querySelector("h2")?.focus({ preventScroll: true });
    this.turned = false;
  }

  /** The step that the address names, if any. @param {State} options @returns {Promise<LessonStep | null>} */
  async step(options) {
    const id = options["view.lesson"], lesson = id === null ? null : await this.load(String(id));
    return lesson?.steps[Number(options["view.lesson_step"]) - 1] ?? null;
  }

  /** Opens a step and puts its configuration on the page. @param {string} id @param {number} number from 1 */
  async open(id, number) {
    const lesson = await this.load(id), step = lesson?.steps[number - 1];
    this.turned = true;
    if (lesson && step) this.actions.go(id, number, step, lesson.controls ?? []);
  }

  /** @param {string} id @param {Lesson} lesson @param {number} wanted @returns {HTMLElement[]} */
  card(id, lesson, wanted) {
    const count = lesson.steps.length, number = Math.min(Math.max(1, wanted), count), step = lesson.steps[number - 1];
    const turn = (/** @type {string} */ key, /** @type {number} */ to) =>
      el("button", { type: "button", text: t(key), disabled: to < 1 || to > count, "data-testid": key, onclick: () => void this.open(id, to) });
    return [
      el("header", {}, el("div", {}, el("p", { class: "evidence", text: `${lesson.title} · ${t("lesson.step", { step: number, count })}` }), el("h2", { id: "lesson-title", text: step.title, tabindex: -1 })),
        turn("lesson.previous", number - 1), turn("lesson.next", number + 1),
        el("button", { type: "button", class: "quiet", text: t("lesson.leave"), onclick: () => this.actions.go(null, 1, null, []) })),
      el("div", { class: "lesson-text" }, ...step.text.map((text) => el("p", { text })),
        el("p", { class: "look" }, el("strong", { text: `${t("lesson.look")} ` }), ...leading(step.look)), this.table(id, lesson, number, step), this.buttons(id, number, step)),
      question(step.question),
    ];
  }

  /** A table of networks: a cell puts its own on the page, and the step stays. @param {string} id @param {Lesson} lesson @param {number} number @param {LessonStep} step */
  table(id, lesson, number, step) {
    if (!step.table) return null;
    const { title, columns, rows } = step.table;
    const cell = (/** @type {string} */ name, /** @type {{text: string, config: Record<string, unknown>}} */ { text, config }) => {
      const button = el("button", { type: "button", text, "aria-label": `${name}: ${text}`, "aria-pressed": String(JSON.stringify(config) === JSON.stringify(step.config)), onclick: () => {
        for (const other of this.root.querySelectorAll(".lesson-table button")) other.setAttribute("aria-pressed", String(other === button));
        this.actions.go(id, number, { ...step, config }, lesson.controls ?? []);
      } });
      return el("td", {}, button);
    };
    return el("div", { class: "lesson-table", "data-testid": "lesson.table" }, el("table", {}, el("caption", { text: title }),
      el("thead", {}, el("tr", {}, el("td", {}), ...columns.map((text) => el("th", { scope: "col", text })))),
      el("tbody", {}, ...rows.map(({ label, cells }) => el("tr", {}, el("th", { scope: "row", text: label }), ...cells.map((one, index) => cell(`${label} · ${columns[index]}`, one)))))));
  }

  /** @param {string} id @param {number} number @param {LessonStep} step */
  buttons(id, number, step) {
    return el("p", { class: "lesson-actions" },
      step.compare && el("button", { type: "button", class: "primary", text: t("lesson.compare"), "data-testid": "lesson.compare", onclick: () => this.actions.compare(step) }),
      step.train && this.actions.train && el("button", { type: "button", class: "primary", text: t("lesson.train"), onclick: this.actions.train }),
      el("button", { type: "button", class: "quiet", text: t("lesson.again"), onclick: () => void this.open(id, number) }));
  }
}

/** @param {Question} asked */
function question(asked) {
  const verdict = el("p", { class: "answer", role: "status", "data-testid": "lesson.answer" });
  const input = el("input", { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": t("lesson.number"), placeholder: t("lesson.number"), "data-testid": "lesson.number" });
  const tell = (/** @type {number} */ answer) => {
    const right = isRight(asked, answer);
    verdict.dataset.right = String(right);
    verdict.textContent = Number.isNaN(answer) ? t("lesson.no_number") : right ? `${t("lesson.right")} ${asked.why}` : t("lesson.wrong");
  };
  const choices = (asked.choices ?? []).map((text, index) => el("label", { class: "choice" },
    el("input", { type: "radio", name: "lesson-answer", value: index, "data-testid": `lesson.choice-${index}`, onchange: () => tell(index) }), text));
  const fields = asked.choices ? el("div", { class: "choices", role: "radiogroup", "aria-label": asked.ask }, ...choices)
    : el("form", { class: "inline", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); tell(readNumber(input.value)); } },
      input, el("button", { text: t("lesson.check"), "data-testid": "lesson.check" }));
  return el("div", { class: "lesson-question" }, el("h3", { text: t("lesson.question") }), el("p", { text: asked.ask }), fields, verdict);
}

/** The list of lessons in its menu. @param {HTMLDetailsElement} menu @param {HTMLElement} list @param {Catalog} catalog @param {(id: string) => void} open */
export function fillLessons(menu, list, catalog, open) {
  const entries = lessonsOf(catalog);
  menu.hidden = entries.length === 0;
  list.replaceChildren(...entries.map((entry, index) => el("button", { type: "button", class: "entry", "data-testid": `lesson-${entry.id}`,
    onclick: () => { menu.open = false; open(entry.id); } },
    el("strong", { text: `${index + 1}. ${entry.title}` }), el("small", { text: entry.summary }))));
}
