// Beside the chat: the newsroom, the users and chats, and whether the bot is blocked.

import * as control from "./control.js";
import { byId, element } from "./elements.js";

const REFRESH_MS = 5000;
const NARROW = matchMedia("(max-width: 860px)");

export class Panel {
  // acts: {choose(chat), add(name, language), block(), failed(error)}
  constructor(acts) {
    this.acts = acts;
    this.chats = [];
    this.unread = new Set();
    byId("toggle-panel").addEventListener("click", () => this.toggle());
    byId("publish").addEventListener("click", () => this.publish());
    byId("model-mode").addEventListener("change", ({ target }) => control.setModelMode(target.value));
    byId("block").addEventListener("click", () => acts.block());
    byId("user").addEventListener("submit", (event) => this.addUser(event));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && NARROW.matches && this.isOpen) this.toggle();
    });
    if (NARROW.matches) this.toggle();
    // The newsroom also publishes by itself, and says so to nobody.
    setInterval(() => this.isOpen && this.refreshNews(), REFRESH_MS);
  }

  get isOpen() {
    return !document.body.classList.contains("panel-closed");
  }

  toggle() {
    document.body.classList.toggle("panel-closed");
    byId("panel").inert = !this.isOpen;
    byId("toggle-panel").setAttribute("aria-expanded", String(this.isOpen));
  }

  async publish() {
    try {
      await control.publish();
      await this.refreshNews();
    } catch (error) {
      this.acts.failed(error);
    }
  }

  async refreshNews() {
    const state = await control.readNewsroom().catch(() => null);
    if (!state) return;
    byId("pace").textContent = pace(state);
    byId("latest").replaceChildren(...state.latest.map(renderArticle));
    this.showModel(state.model);
  }

  showModel({ mode, modes }) {
    const select = byId("model-mode");
    if (!select.options.length) select.append(...modes.map((name) => new Option(name)));
    if (select !== document.activeElement) select.value = mode;
  }

  async addUser(event) {
    event.preventDefault();
    const name = byId("user-name");
    await this.acts.add(name.value, byId("user-language").value);
    name.value = "";
  }

  showChats(chats, current) {
    this.chats = chats.filter((chat) => chat.migrated_to === null);
    this.unread.delete(current);
    for (const [list, isPrivate] of [["chats", true], ["groups", false]]) {
      const listed = this.chats.filter(({ type }) => (type === "private") === isPrivate);
      byId(list).replaceChildren(...listed.map((chat) => this.renderChat(chat, current)));
    }
    const chat = chats.find(({ id }) => id === current);
    byId("block").textContent = chat?.blocked ? "Unblock the bot" : "Block the bot";
    byId("block").hidden = chat?.type !== "private";
  }

  markUnread(chatId, current) {
    if (chatId === current || this.unread.has(chatId)) return;
    this.unread.add(chatId);
    this.showChats(this.chats, current);
  }

  renderChat(chat, current) {
    const made = element("button", { type: "button", text: chat.first_name ?? chat.title });
    made.append(element("small", { text: chat.language_code ?? chat.type }));
    if (chat.id === current) made.setAttribute("aria-current", "true");
    if (this.unread.has(chat.id))
      made.append(element("span", { classes: "dot", title: "new messages" }));
    made.addEventListener("click", () => this.acts.choose(chat.id));
    return element("li", {}, made);
  }
}

function pace({ every_seconds: seconds, left }) {
  if (!left) return "All of it is published; the button starts again from the first article.";
  return seconds ? `One more every ${seconds} s.` : "";
}

function renderArticle(article) {
  const title = element("a", {
    href: article.url,
    target: "_blank",
    rel: "noopener",
    text: article.title,
  });
  const source = element("small", {
    text: `${article.publisher} · ${sayWhen(new Date(article.published))}`,
  });
  return element("li", { lang: article.language, dir: "auto" }, title, source);
}

function sayWhen(when) {
  const time = when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (when.toDateString() === new Date().toDateString()) return time;
  return `${when.toLocaleDateString([], { weekday: "short" })} ${time}`;
}
