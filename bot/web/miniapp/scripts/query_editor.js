// The query of the open topic: shows what a change adds and drops while it is typed.

import { copyOf, onSubmit, showHits, showProblem } from "./elements.js";

const PAUSE_MS = 350; // without typing, before the server is asked

export class QueryEditor {
  // acts: {api, act(name, fields), failed(error)}
  constructor(acts) {
    this.acts = acts;
    this.draft = null; // {topic, query, answer, form}
  }

  // Fills the *form* of a topic. A query that is being typed survives when the list is rebuilt.
  fill(form, topic) {
    const input = form.querySelector("input");
    const isDraft = this.draft?.topic === topic.id;
    input.value = isDraft ? this.draft.query : topic.query;
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

  typed(form, topic, query) {
    this.forget();
    if (query.trim() !== topic.query) {
      const answer = this.draft?.topic === topic.id ? this.draft.answer : null;
      this.draft = { topic: topic.id, query, answer, isCurrent: false, form };
      if (query.trim()) this.timer = setTimeout(() => this.ask(), PAUSE_MS);
      else this.draft.answer = null;
    } else this.draft = null;
    this.show(form);
  }

  // Cancels the request about an older query.
  forget() {
    clearTimeout(this.timer);
    this.asking?.abort();
  }

  async ask() {
    const { draft } = this;
    const { topic, query } = draft;
    const { signal } = (this.asking = new AbortController());
    try {
      draft.answer = await this.acts.api.send("preview_change", { topic, query }, { signal });
      draft.isCurrent = true;
    } catch (error) {
      if (!signal.aborted) this.acts.failed(error);
    }
    if (this.draft === draft) this.show(draft.form);
  }

  // Saves the query if its outcome is shown, and shows the outcome first otherwise.
  async use() {
    const { draft } = this;
    if (!draft?.query.trim()) return;
    this.forget();
    if (!draft.isCurrent) return this.ask();
    if (draft.answer.marked) return;
    this.draft = null;
    const { topic, query } = draft;
    if (!(await this.acts.act("change_query", { topic, query }))) this.draft ??= draft;
  }

  keep(form, topic) {
    const input = form.querySelector("input");
    input.value = topic.query;
    this.typed(form, topic, topic.query);
    input.focus();
  }

  // Discards the draft, because the topic is closed.
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
    const isRead = Boolean(answer) && !answer.marked;
    form.querySelector("input").ariaInvalid = String(Boolean(answer?.marked));
    showProblem(form.querySelector(".problem"), answer, (suggestion) =>
      this.replace(form, suggestion),
    );
    const change = form.querySelector(".change");
    change.hidden = !isRead;
    change.ariaBusy = String(!this.draft?.isCurrent);
    if (isRead) fillChange(change, answer);
    form.querySelector(".deciding").hidden = !this.draft;
    form.querySelector(".use").hidden = !isRead;
  }

  replace(form, query) {
    const input = form.querySelector("input");
    input.value = query;
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
      made.querySelector(".summary").textContent = text;
      showHits(made.querySelector(".hits"), newest);
      made.querySelector(".others").textContent = more;
      return made;
    }),
  );
}
