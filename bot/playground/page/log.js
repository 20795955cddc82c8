// The log of one chat: messages in order, days between them, and where the reader has scrolled to.

import { byId, element } from "./elements.js";
import { renderMessage } from "./messages.js";

const NEAR_END_PX = 80;

const dayOf = (message) => new Date(message.date * 1000).toDateString();

function sayDay(message) {
  const when = new Date(message.date * 1000);
  const today = new Date();
  if (when.toDateString() === today.toDateString()) return "Today";
  today.setDate(today.getDate() - 1);
  if (when.toDateString() === today.toDateString()) return "Yesterday";
  return when.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
}

export class Log {
  constructor(acts) {
    this.acts = { ...acts, jump: (id) => this.jump(id) };
    this.list = byId("log");
    this.scroll = byId("scroll");
    this.newer = byId("newer");
    this.newer.addEventListener("click", () => this.toEnd());
    this.scroll.addEventListener("scroll", () => this.isNearEnd() && this.forgetUnread(), {
      passive: true,
    });
    // A growing composer or an opened quote must not hide the last message.
    new ResizeObserver(() => this.stuck && this.toEnd()).observe(this.scroll);
    this.clear();
  }

  clear() {
    this.list.replaceChildren();
    this.shown = new Map();
    this.version = 0;
    this.stuck = true;
    this.forgetUnread();
  }

  get isEmpty() {
    return this.shown.size === 0;
  }

  // Takes every message that changed; returns those that are new here.
  update(messages) {
    const wasNearEnd = this.isNearEnd();
    const fresh = messages.filter((message) => this.put(message));
    this.version = Math.max(this.version, ...messages.map((message) => message.version));
    if (wasNearEnd || fresh.some((message) => !message.from.is_bot)) this.toEnd();
    else this.countUnread(fresh.length);
    return fresh;
  }

  put(message) {
    const known = this.shown.get(message.message_id);
    if (message.deleted) {
      known?.remove();
      this.shown.delete(message.message_id);
      this.tidyDays();
      return false;
    }
    const made = renderMessage(message, this.acts);
    made.dataset.day = dayOf(message);
    this.shown.set(message.message_id, made);
    if (known) known.replaceWith(made);
    else this.append(message, made);
    return !known;
  }

  append(message, made) {
    if (this.list.lastElementChild?.dataset.day !== made.dataset.day) {
      const day = element("p", {
        classes: "day",
        "data-day": made.dataset.day,
        text: sayDay(message),
      });
      this.list.append(day);
    }
    this.list.append(made);
  }

  tidyDays() {
    for (const day of this.list.querySelectorAll(".day")) {
      if (day.nextElementSibling?.dataset.day !== day.dataset.day) day.remove();
    }
  }

  isNearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroll;
    this.stuck = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    return this.stuck;
  }

  toEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.stuck = true;
    this.forgetUnread();
  }

  countUnread(count) {
    if (!count) return;
    this.unread += count;
    this.newer.textContent =
      this.unread === 1 ? "↓ 1 new message" : `↓ ${this.unread} new messages`;
    this.newer.hidden = false;
  }

  forgetUnread() {
    this.unread = 0;
    this.newer.hidden = true;
  }

  jump(messageId) {
    const made = this.shown.get(messageId);
    if (!made) return;
    made.scrollIntoView({ block: "center", behavior: "smooth" });
    made.classList.add("found");
    made.addEventListener("animationend", () => made.classList.remove("found"), { once: true });
  }
}
