// The list of the chat's topics, filtered by name and query. A chat may have a thousand topics, so
// items are added as the user scrolls. One topic at a time is open, and shows what it found lately.

import { byId, copyOf, isVisible, onSubmit, press, showHits } from "./elements.js";
import { QueryEditor } from "./query_editor.js";

const BATCH = 40; // items added at once
const FEW = 10; // topics that need no filter

const folded = (text) => text.normalize("NFKC").toLowerCase();

export class Topics {
  // acts: {api, act(name, fields), failed(error), opened()}
  constructor(acts) {
    this.acts = acts;
    this.list = byId("topics");
    this.filter = byId("topics-filter");
    this.all = [];
    this.listed = []; // the topics that pass the filter
    this.open = null;
    this.found = new Map(); // by query
    this.queryEditor = new QueryEditor(acts);
    this.filter.addEventListener("input", () => this.restart());
    const end = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.extend());
    end.observe(byId("topics-end"));
    this.end = end;
  }

  get isOpen() {
    return this.open !== null;
  }

  // *replacement*: the topic that replaced the open one.
  show({ topics, replacement }) {
    if (replacement && this.open !== null) this.open = replacement;
    if (!topics.some(({ id }) => id === this.open)) this.open = null;
    const focused = this.focused(replacement);
    const made = this.list.children.length;
    this.all = topics;
    this.filter.parentElement.hidden = topics.length <= FEW;
    if (topics.length <= FEW) this.filter.value = "";
    this.list.hidden = topics.length === 0;
    byId("no-topics").hidden = topics.length > 0;
    this.make(made);
    this.refocus(focused);
    this.acts.opened();
  }

  // Lists the topics that pass the filter, from the first one on.
  restart() {
    if (this.isOpen) this.close();
    this.make(0);
  }

  // Adds *count* items, and more if the open topic comes later.
  make(count) {
    const wanted = folded(this.filter.value.trim());
    const fits = ({ id, name, query }) =>
      id === this.open || folded(name).includes(wanted) || folded(query).includes(wanted);
    this.listed = this.all.filter(fits);
    byId("topics-count").textContent = this.countText();
    this.list.replaceChildren();
    const open = this.listed.findIndex(({ id }) => id === this.open);
    this.extend(Math.max(BATCH, count, open + 1));
  }

  countText() {
    const [listed, all] = [this.listed.length, this.all.length];
    return listed === all ? all || "" : `${listed} / ${all}`;
  }

  extend(count = BATCH) {
    const made = this.list.children.length;
    const next = this.listed.slice(made, made + count);
    this.list.append(...next.map((topic) => this.itemOf(topic)));
    const end = byId("topics-end");
    end.hidden = this.list.children.length === this.listed.length;
    this.end.unobserve(end); // so that it reports again whether the end is visible
    if (!end.hidden) this.end.observe(end);
  }

  // Returns which control has the focus, so that it gets it again after the list is rebuilt.
  focused(replacement) {
    const item = document.activeElement?.closest(".topic");
    if (!item) return null;
    const place = [...item.querySelectorAll("button, input")].indexOf(document.activeElement);
    return [replacement ?? item.dataset.id, place];
  }

  // Focuses the same control, or a visible one beside it if it is hidden now.
  refocus(focused) {
    if (!focused) return;
    const item = this.list.querySelector(`[data-id="${focused[0]}"]`);
    const same = item?.querySelectorAll("button, input")[focused[1]];
    if (!same) return;
    const beside = [same, ...same.parentElement.children, item.querySelector(".open")];
    beside.find(isVisible).focus();
  }

  itemOf(topic) {
    const made = copyOf("topic").firstElementChild;
    made.dataset.id = topic.id;
    made.querySelector(".name bdi").textContent = topic.name;
    for (const mode of made.querySelectorAll(".open .mode"))
      mode.hidden = mode.dataset.mode !== topic.mode;
    made.querySelector(".muted").textContent = topic.mutedText;
    made.querySelector(".muted").hidden = !topic.mutedText;
    made.querySelector(".open").addEventListener("click", () => this.toggle(topic));
    this.fill(made.querySelector(".more"), topic);
    if (topic.id === this.open) this.unfold(made, topic);
    return made;
  }

  fill(more, topic) {
    const modes = more.querySelectorAll(".modes button");
    press(modes, "mode", topic.mode);
    for (const button of modes)
      button.addEventListener("click", () =>
        this.acts.act("subscribe", { topic: topic.id, mode: button.dataset.mode }),
      );
    const rename = more.querySelector(".rename");
    const name = rename.querySelector("input");
    rename.hidden = topic.isPublic; // all subscribers see its name
    name.value = topic.name;
    onSubmit(rename, () => this.acts.act("rename_topic", { topic: topic.id, name: name.value }));
    this.queryEditor.fill(more.querySelector(".edit-query"), topic);
    this.fillMute(more, topic);
    this.fillChoices(more, topic);
    more
      .querySelector(".unsubscribe")
      .addEventListener("click", () => this.acts.act("unsubscribe", { topic: topic.id }));
  }

  // The buttons that mute the topic, or unmute it.
  fillMute(more, { id, isMuted }) {
    for (const button of more.querySelectorAll("[data-act]")) {
      const { act } = button.dataset;
      const fields = { topic: id };
      if (button.dataset.for) fields.for = button.dataset.for;
      button.addEventListener("click", () => this.acts.act(act, fields));
    }
    for (const button of more.querySelectorAll("[data-muted]"))
      button.hidden = button.dataset.muted !== String(isMuted);
  }

  // How its alerts arrive, and whether digests list only its headlines.
  fillChoices(more, { id, mode, sound, hasHeadlines }) {
    const sounds = more.querySelector(".sounds");
    sounds.hidden = mode === "digest";
    press(sounds.children, "sound", sound);
    for (const button of sounds.children)
      button.addEventListener("click", () =>
        this.acts.act("set_sound", { topic: id, sound: button.dataset.sound }),
      );
    const headlines = more.querySelector(".headlines");
    headlines.closest("label").hidden = mode === "instant";
    headlines.checked = hasHeadlines;
    headlines.addEventListener("change", () =>
      this.acts.act("set_headlines", { topic: id, wanted: headlines.checked }),
    );
  }

  toggle(topic) {
    const was = this.open;
    this.close();
    if (was === topic.id) return;
    this.open = topic.id;
    this.unfold(this.list.querySelector(`[data-id="${topic.id}"]`), topic);
    this.acts.opened();
  }

  close() {
    this.queryEditor.drop();
    this.open = null;
    for (const item of this.list.children) {
      item.querySelector(".open").ariaExpanded = "false";
      item.querySelector(".more").hidden = true;
    }
    this.acts.opened();
  }

  unfold(item, topic) {
    item.querySelector(".open").ariaExpanded = "true";
    item.querySelector(".more").hidden = false;
    this.showFound(item, topic);
  }

  async showFound(item, topic) {
    const known = this.found.get(topic.query);
    if (known) return this.fillFound(item, known);
    try {
      const found = await this.acts.api.send("preview_topic", { topic: topic.id });
      this.found.set(topic.query, found);
      this.fillFound(item, found);
    } catch (error) {
      this.acts.failed(error);
    }
  }

  fillFound(item, { text, newest }) {
    item.querySelector(".text").textContent = text;
    showHits(item.querySelector(".hits"), newest.slice(0, 3));
  }
}
