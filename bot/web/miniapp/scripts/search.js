// The search field: shows what a query finds while it is typed.

import { byId, copyOf, onSubmit, press, showHits, showProblem } from "./elements.js";

const PAUSE_MS = 350; // without typing, before the server is asked
const SHORT_MS = 50;

export class Search {
  // acts: {api, act(name, fields), failed(error), opened()}
  constructor(acts) {
    this.acts = acts;
    this.input = byId("query");
    this.asking = null;
    this.topic = null; // the suggested one whose query is in the field
    this.wider = null; // the query with other forms of its words
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => event.key === "Escape" && this.clear());
    byId("found-wider").addEventListener("click", () => this.use(this.wider.query));
    byId("clear").addEventListener("click", () => this.clear());
    onSubmit(byId("search"), () => this.later(0));
    for (const button of byId("found-modes").children)
      button.addEventListener("click", () => this.subscribe(button.dataset.mode));
  }

  get isOpen() {
    return this.input.value.trim() !== "";
  }

  show({ topics, suggested }) {
    this.subscribed = topics;
    this.suggested = suggested;
    byId("suggested-topics").replaceChildren(...suggested.map((topic) => this.chipOf(topic)));
    this.update();
  }

  chipOf(topic) {
    const made = copyOf("chip").firstElementChild;
    made.textContent = topic.name;
    made.addEventListener("click", () => this.use(topic.query, topic));
    return made;
  }

  use(query, topic = null) {
    this.input.value = query;
    this.topic = topic;
    this.update();
    this.later(SHORT_MS);
    this.input.focus();
  }

  typed() {
    this.topic = null;
    this.update();
    this.later(PAUSE_MS);
  }

  clear() {
    this.input.value = "";
    this.typed();
    this.input.focus();
  }

  update() {
    byId("clear").hidden = !this.isOpen;
    byId("suggested").hidden = this.isOpen || this.suggested.length === 0;
    if (!this.isOpen) {
      byId("found").hidden = true;
      byId("query-problem").replaceChildren();
      this.input.ariaInvalid = "false";
    }
    this.acts.opened();
  }

  later(ms) {
    clearTimeout(this.timer);
    this.asking?.abort(); // its answer is about an older query
    if (this.isOpen) this.timer = setTimeout(() => this.ask(), ms);
  }

  async ask() {
    const asking = (this.asking = new AbortController());
    byId("found").ariaBusy = "true";
    try {
      const query = this.input.value;
      const found = await this.acts.api.send("preview_query", { query }, { signal: asking.signal });
      if (asking.signal.aborted) return;
      if (found.marked) this.showProblem(found);
      else this.showFound(found);
    } catch (error) {
      if (!asking.signal.aborted) this.acts.failed(error);
    } finally {
      if (this.asking === asking) byId("found").ariaBusy = "false";
    }
  }

  showFound({ text, warning, newest, wider }) {
    byId("query-problem").replaceChildren();
    this.input.ariaInvalid = "false";
    byId("found-text").textContent = text;
    byId("found-warning").textContent = warning;
    byId("found-warning").hidden = !warning;
    this.wider = wider;
    byId("found-wider").textContent = wider?.label ?? "";
    byId("found-wider").hidden = !wider;
    showHits(byId("found-hits"), newest);
    const same = this.subscribed.find(({ query }) => query === this.input.value.trim());
    press(byId("found-modes").children, "mode", same?.mode);
    byId("found").hidden = false;
  }

  showProblem(found) {
    byId("found").hidden = true;
    this.input.ariaInvalid = "true";
    showProblem(byId("query-problem"), found, (suggestion) => this.use(suggestion));
  }

  async subscribe(mode) {
    const subject = this.topic ? { topic: this.topic.id } : { query: this.input.value };
    if (await this.acts.act("subscribe", { ...subject, mode })) this.clear();
  }
}
