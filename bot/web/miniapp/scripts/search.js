// Words, and while they are typed what they would have found.

import { byId, copyOf, onSubmit, press, showHits, showWrong } from "./elements.js";

const PAUSE_MS = 350; // without typing, before the server is asked
const SHORT_MS = 50;

export class Search {
  // acts: {api, act(name, fields), failed(error), opened()}
  constructor(acts) {
    this.acts = acts;
    this.words = byId("words");
    this.asking = null;
    this.topic = null; // the suggested one whose words these are
    this.words.addEventListener("input", () => this.typed());
    this.words.addEventListener("keydown", (event) => event.key === "Escape" && this.clear());
    byId("clear").addEventListener("click", () => this.clear());
    onSubmit(byId("search"), () => this.later(0));
    for (const button of byId("found-modes").children)
      button.addEventListener("click", () => this.watch(button.dataset.mode));
  }

  get isOpen() {
    return this.words.value.trim() !== "";
  }

  show({ topics, suggested }) {
    this.watched = topics;
    this.suggested = suggested;
    byId("suggested-topics").replaceChildren(...suggested.map((topic) => this.chipOf(topic)));
    this.showWhatIsOpen();
  }

  chipOf(topic) {
    const made = copyOf("chip").firstElementChild;
    made.textContent = topic.name;
    made.addEventListener("click", () => this.use(topic.words, topic));
    return made;
  }

  use(words, topic = null) {
    this.words.value = words;
    this.topic = topic;
    this.showWhatIsOpen();
    this.later(SHORT_MS);
    this.words.focus();
  }

  typed() {
    this.topic = null;
    this.showWhatIsOpen();
    this.later(PAUSE_MS);
  }

  clear() {
    this.words.value = "";
    this.typed();
    this.words.focus();
  }

  showWhatIsOpen() {
    byId("clear").hidden = !this.isOpen;
    byId("suggested").hidden = this.isOpen || this.suggested.length === 0;
    if (!this.isOpen) {
      byId("found").hidden = true;
      byId("words-wrong").replaceChildren();
      this.words.ariaInvalid = "false";
    }
    this.acts.opened();
  }

  later(ms) {
    clearTimeout(this.timer);
    this.asking?.abort(); // whatever comes of it is about words that are no more
    if (this.isOpen) this.timer = setTimeout(() => this.ask(), ms);
  }

  async ask() {
    const asking = (this.asking = new AbortController());
    byId("found").ariaBusy = "true";
    try {
      const words = this.words.value;
      const found = await this.acts.api.send("preview", { words }, { signal: asking.signal });
      if (asking.signal.aborted) return;
      if (found.wrong) this.showWrong(found);
      else this.showFound(found);
    } catch (error) {
      if (!asking.signal.aborted) this.acts.failed(error);
    } finally {
      if (this.asking === asking) byId("found").ariaBusy = "false";
    }
  }

  showFound({ text, warning, newest }) {
    byId("words-wrong").replaceChildren();
    this.words.ariaInvalid = "false";
    byId("found-text").textContent = text;
    byId("found-warning").textContent = warning;
    byId("found-warning").hidden = !warning;
    showHits(byId("found-hits"), newest);
    const same = this.watched.find(({ words }) => words === this.words.value.trim());
    press(byId("found-modes").children, "mode", same?.mode);
    byId("found").hidden = false;
  }

  showWrong(found) {
    byId("found").hidden = true;
    this.words.ariaInvalid = "true";
    showWrong(byId("words-wrong"), found, (instead) => this.use(instead));
  }

  async watch(mode) {
    const what = this.topic ? { topic: this.topic.id } : { words: this.words.value };
    if (await this.acts.act("watch", { ...what, mode })) this.clear();
  }
}
