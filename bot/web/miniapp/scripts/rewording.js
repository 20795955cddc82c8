// Other words for the topic that is open: while they are typed, what would come and what would go.

import { copyOf, onSubmit, showHits, showWrong } from "./elements.js";

const PAUSE_MS = 350; // without typing, before the server is asked

export class Rewording {
  // acts: {api, act(name, fields), failed(error)}
  constructor(acts) {
    this.acts = acts;
    this.draft = null; // {topic, words, answer, form}
  }

  // Makes the *form* of a topic work; words that are being typed stay when the list is made anew.
  fill(form, topic) {
    const input = form.querySelector("input");
    const isDraft = this.draft?.topic === topic.id;
    input.value = isDraft ? this.draft.words : topic.words;
    input.addEventListener("input", () => this.typed(form, topic, input.value));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.keep(form, topic);
    });
    form.querySelector(".keep").addEventListener("click", () => this.keep(form, topic));
    onSubmit(form, () => this.use());
    if (isDraft) {
      this.draft.form = form;
      this.show(form);
    }
  }

  typed(form, topic, words) {
    this.forget();
    if (words.trim() !== topic.words) {
      const answer = this.draft?.topic === topic.id ? this.draft.answer : null;
      this.draft = { topic: topic.id, words, answer, isCurrent: false, form };
      if (words.trim()) this.timer = setTimeout(() => this.ask(), PAUSE_MS);
      else this.draft.answer = null;
    } else this.draft = null;
    this.show(form);
  }

  // Whatever is being asked is about words that are no more.
  forget() {
    clearTimeout(this.timer);
    this.asking?.abort();
  }

  async ask() {
    const { draft } = this;
    const { topic, words } = draft;
    const { signal } = (this.asking = new AbortController());
    try {
      draft.answer = await this.acts.api.send("compare", { topic, words }, { signal });
      draft.isCurrent = true;
    } catch (error) {
      if (!signal.aborted) this.acts.failed(error);
    }
    if (this.draft === draft) this.show(draft.form);
  }

  // Uses the words whose outcome is on show; of others it is shown first.
  async use() {
    const { draft } = this;
    if (!draft?.words.trim()) return;
    this.forget();
    if (!draft.isCurrent) return this.ask();
    if (draft.answer.wrong) return;
    this.draft = null;
    const { topic, words } = draft;
    if (!(await this.acts.act("reword", { topic, words }))) this.draft ??= draft;
  }

  keep(form, topic) {
    const input = form.querySelector("input");
    input.value = topic.words;
    this.typed(form, topic, topic.words);
    input.focus();
  }

  // The topic is closed: its words are what they were.
  drop() {
    this.forget();
    if (!this.draft) return;
    const { form } = this.draft;
    this.draft = null;
    this.show(form);
    form.reset();
  }

  show(form) {
    const answer = this.draft?.answer;
    const isRead = Boolean(answer) && !answer.wrong;
    form.querySelector("input").ariaInvalid = String(Boolean(answer?.wrong));
    showWrong(form.querySelector(".wrong"), answer, (instead) => this.replace(form, instead));
    const change = form.querySelector(".change");
    change.hidden = !isRead;
    change.ariaBusy = String(!this.draft?.isCurrent);
    if (isRead) fillChange(change, answer);
    form.querySelector(".deciding").hidden = !this.draft;
    form.querySelector(".use").hidden = !isRead;
  }

  replace(form, words) {
    const input = form.querySelector("input");
    input.value = words;
    input.dispatchEvent(new Event("input"));
    input.focus();
  }
}

function fillChange(change, { after, before, same, moving }) {
  change.querySelector(".after").textContent = after;
  change.querySelector(".before").textContent = before;
  change.querySelector(".same").textContent = same;
  change.querySelector(".moving").replaceChildren(
    ...moving.map(({ text, newest, more }) => {
      const made = copyOf("moving");
      made.querySelector(".said").textContent = text;
      showHits(made.querySelector(".hits"), newest);
      made.querySelector(".others").textContent = more;
      return made;
    }),
  );
}
