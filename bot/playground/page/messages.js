// One message as a bubble with its keyboard.

import { element, link, safeAddress } from "./elements.js";
import { renderText } from "./entities.js";
import { renderRich, richText, sourceOf } from "./rich.js";

const QUOTE_CHARACTERS = 90;

const clock = (unix) =>
  new Date(unix * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

// acts: {command(text), press(message, button, made), copy(text), open(url), reply(message),
// edit(message), jump(messageId)}
export function renderMessage(message, acts) {
  if (!isSaid(message)) return renderNotice(message);
  const side = message.from.is_bot ? "bot" : "mine";
  const bubble = element("div", { classes: "bubble" });
  if (isSaidInGroup(message)) bubble.append(renderWho(message));
  if (message.reply_to_message && isSaid(message.reply_to_message))
    bubble.append(renderQuote(message.reply_to_message, acts));
  if (message.document) bubble.append(renderDocument(message.document));
  if (message.photo) bubble.append(renderPhoto(message));
  const preview = message.link_preview_options;
  if (preview?.url && !preview.is_disabled) bubble.append(renderPreview(preview.url));
  bubble.append(renderBody(message, acts), renderMeta(message, acts));
  bubble.addEventListener("dblclick", () => acts.reply(message));
  const made = element(
    "article",
    { classes: `message ${side}`, "data-id": message.message_id },
    bubble,
  );
  made.setAttribute("aria-label", message.from.is_bot ? message.from.first_name : "You");
  const keyboard = message.reply_markup?.inline_keyboard;
  if (keyboard) made.append(renderKeyboard(message, keyboard, acts));
  return made;
}

export const plainText = (message) =>
  message.text ??
  message.caption ??
  message.document?.file_name ??
  (message.rich_message ? richText(message.rich_message) : "");

const SAID = ["text", "caption", "document", "photo", "rich_message"];

const isSaid = (message) => SAID.some((part) => message[part] !== undefined);

const NOTICES = [
  ["migrate_to_chat_id", "This group became a supergroup"],
  ["migrate_from_chat_id", "This group became a supergroup"],
  ["forum_topic_created", "A new topic"],
  ["forum_topic_closed", "The topic was closed"],
  ["forum_topic_reopened", "The topic was reopened"],
];

function renderNotice(message) {
  const [, text] = NOTICES.find(([part]) => part in message) ?? ["", "Something happened here"];
  return element("p", { classes: "notice", "data-id": message.message_id, text });
}

// The Bot API gives a photo no words; what it shows is for its caption to say.
function renderPhoto(message) {
  const { file_id: id, width, height } = message.photo.at(-1);
  const alt = message.caption ?? "";
  return element("img", { classes: "photo", src: `/control/files/${id}`, alt, width, height });
}

function renderPreview(url) {
  return element("img", { classes: "photo preview", src: sourceOf(url), alt: "" });
}

function renderBody(message, acts) {
  if (message.rich_message) return renderRich(message.rich_message);
  const text = message.text ?? message.caption ?? "";
  const entities =
    (message.caption === undefined ? message.entities : message.caption_entities) ?? [];
  // dir=auto lets an Arabic message run from the right.
  return element("div", { classes: "body", dir: "auto" }, renderText(text, entities, acts.command));
}

const isEditable = (message) => message.chat.type === "channel" && message.author !== null;

const isSaidInGroup = (message) => message.chat.type !== "private" && !message.from.is_bot;

function renderWho(message) {
  const { chat, from } = message;
  // A channel speaks with its own name, whoever writes.
  return element("b", {
    classes: "who-said",
    text: chat.type === "channel" ? chat.title : from.first_name,
  });
}

function renderMeta(message, acts) {
  const meta = element("span", { classes: "meta" });
  if (message.is_topic_message) meta.append(`${acts.topic(message.message_thread_id)} · `);
  if (message.silent) {
    const bell = {
      classes: "silent",
      title: "Sent without sound",
      "aria-label": "silent",
      role: "img",
    };
    meta.append(element("span", { ...bell, text: "🔕" }), " ");
  }
  if (message.edited) meta.append(element("span", { text: "edited" }), " ");
  const iso = new Date(message.date * 1000).toISOString();
  meta.append(element("time", { datetime: iso, text: clock(message.date) }));
  if (isEditable(message)) {
    const made = element("button", { type: "button", classes: "edit", text: "Edit" });
    made.addEventListener("click", () => acts.edit(message));
    meta.append(" ", made);
  }
  return meta;
}

function renderQuote(quoted, acts) {
  const text = plainText(quoted).slice(0, QUOTE_CHARACTERS);
  const name = quoted.from?.first_name ?? "";
  const made = element("button", { type: "button", classes: "quoted" });
  made.append(element("b", { text: name }), element("span", { text }));
  made.addEventListener("click", () => acts.jump(quoted.message_id));
  return made;
}

function renderDocument(file) {
  const size = file.file_size ? ` · ${Math.max(1, Math.round(file.file_size / 1024))} KB` : "";
  const name = element("b", { text: file.file_name ?? "file" });
  return element("div", { classes: "document" }, "📄 ", name, size);
}

function renderKeyboard(message, rows, acts) {
  const made = element("div", { classes: "keyboard", role: "group", "aria-label": "Buttons" });
  for (const row of rows) {
    made.append(
      element(
        "div",
        { classes: "row" },
        ...row.map((button) => renderButton(message, button, acts)),
      ),
    );
  }
  return made;
}

function renderButton(message, button, acts) {
  if (button.url && safeAddress(button.url)) {
    const made = link(button.url, button.text);
    made.className = "key url";
    return made;
  }
  const made = element("button", { type: "button", classes: "key", text: button.text });
  if (button.style) made.classList.add(button.style);
  if (button.callback_data) made.addEventListener("click", () => acts.press(message, button, made));
  else if (button.web_app) made.addEventListener("click", () => acts.open(button.web_app.url));
  else if (button.copy_text)
    made.addEventListener("click", () => acts.copy(button.copy_text.text));
  else made.disabled = true;
  return made;
}
