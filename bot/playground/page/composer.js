// Where the user writes: the text, what it answers, commands to choose from, a bot's own keys.

import { byId, element } from "./elements.js";
import { plainText } from "./messages.js";

const TALLEST_PX = 160;

export class Composer {
  constructor(onSend, onEdit) {
    this.onSend = onSend;
    this.onEdit = onEdit;
    this.commands = [];
    this.replyTo = null;
    this.edited = null;
    this.chosen = -1;
    this.text = byId("text");
    this.suggestions = byId("suggestions");
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(this.text.value);
    });
    this.text.addEventListener("input", () => this.onInput());
    this.text.addEventListener("keydown", (event) => this.onKey(event));
    byId("menu").addEventListener("click", () => this.toggleMenu());
    byId("reply-cancel").addEventListener("click", () => this.answer(null));
  }

  focus() {
    this.text.focus();
  }

  send(text) {
    if (!text.trim()) return;
    if (this.edited) this.onEdit(this.edited, text);
    else this.onSend(text, this.replyTo?.message_id);
    this.text.value = "";
    this.answer(null);
    this.suggest([]);
    this.grow();
  }

  // The message that the next one replies to, or null.
  answer(message, placeholder) {
    if (this.edited) this.text.value = "";
    this.edited = null;
    this.replyTo = message;
    byId("reply-kind").textContent = "Reply to";
    byId("reply").hidden = message === null;
    byId("reply-text").textContent = message ? plainText(message) : "";
    this.text.placeholder = placeholder || "Message";
    if (message) this.focus();
  }

  // The message whose text is replaced by what is sent next.
  edit(message) {
    this.answer(message);
    [this.replyTo, this.edited] = [null, message];
    byId("reply-kind").textContent = "Edit";
    this.text.value = plainText(message);
    this.grow();
  }

  // What a bot's newest message asks of the composer.
  obey(message) {
    const markup = message.reply_markup;
    if (!markup || !message.from.is_bot) return;
    if (markup.force_reply) this.answer(message, markup.input_field_placeholder);
    if (markup.remove_keyboard) this.showKeys([]);
    if (markup.keyboard) this.showKeys(markup.keyboard, markup.one_time_keyboard);
  }

  showKeys(rows, once = false) {
    const keys = byId("keys");
    keys.replaceChildren(
      ...rows.map((row) =>
        element("div", { classes: "row" }, ...row.map((key) => this.key(key, once))),
      ),
    );
    keys.hidden = rows.length === 0;
  }

  key(key, once) {
    const text = typeof key === "string" ? key : key.text;
    const made = element("button", { type: "button", classes: "key", text });
    made.addEventListener("click", () => {
      this.send(text);
      if (once) this.showKeys([]);
    });
    return made;
  }

  setBlocked(blocked) {
    byId("line").hidden = blocked;
    byId("unblock").hidden = !blocked;
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, TALLEST_PX)}px`;
  }

  onInput() {
    this.grow();
    const typed = /^\/(\w*)$/.exec(this.text.value);
    this.suggest(typed ? this.commands.filter(({ command }) => command.startsWith(typed[1])) : []);
  }

  onKey(event) {
    // Enter also ends the choice of an input method, as for Japanese; that is no wish to send.
    if (event.isComposing) return;
    const open = !this.suggestions.hidden;
    if (open && event.key === "ArrowDown") this.choose(this.chosen + 1);
    else if (open && event.key === "ArrowUp") this.choose(this.chosen - 1);
    else if (open && event.key === "Tab" && this.chosen >= 0) this.complete();
    else if (event.key === "Escape") this.escape();
    else if (event.key === "Enter" && !event.shiftKey) this.enter();
    else return;
    event.preventDefault();
  }

  enter() {
    const command = this.suggestions.children[this.chosen]?.dataset.command;
    this.send(command ?? this.text.value);
  }

  complete() {
    this.text.value = `${this.suggestions.children[this.chosen].dataset.command} `;
    this.suggest([]);
  }

  escape() {
    if (this.suggestions.hidden) this.answer(null);
    else this.suggest([]);
  }

  toggleMenu() {
    this.suggest(this.suggestions.hidden ? this.commands : []);
    this.focus();
  }

  suggest(commands) {
    this.chosen = -1;
    this.suggestions.replaceChildren(...commands.map((command, n) => this.suggestion(command, n)));
    this.suggestions.hidden = commands.length === 0;
    this.text.removeAttribute("aria-activedescendant");
  }

  suggestion({ command, description }, n) {
    const made = element("li", {
      role: "option",
      id: `command-${n}`,
      "data-command": `/${command}`,
    });
    made.append(element("b", { text: `/${command}` }), " ", element("span", { text: description }));
    made.addEventListener("click", () => this.send(`/${command}`));
    return made;
  }

  choose(n) {
    const options = [...this.suggestions.children];
    this.chosen = (n + options.length) % options.length;
    options.forEach((option, at) =>
      option.setAttribute("aria-selected", String(at === this.chosen)),
    );
    options[this.chosen].scrollIntoView({ block: "nearest" });
    this.text.setAttribute("aria-activedescendant", options[this.chosen].id);
  }
}
