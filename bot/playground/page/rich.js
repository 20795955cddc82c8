// Rich messages: blocks of the Bot API as nodes. What is not known here shows its text.

import { element, link } from "./elements.js";
import { moment } from "./entities.js";

const STYLES = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  marked: "mark",
  subscript: "sub",
  superscript: "sup",
};

export function renderRich(message) {
  return element("div", { classes: "body rich", dir: message.is_rtl ? "rtl" : "auto" }, ...renderBlocks(message.blocks));
}

// All of the text, for a line that stands for the message.
export function richText(message) {
  return message.blocks.map(blockText).join(" ").trim();
}

const renderBlocks = (blocks) => blocks.map(renderBlock);

function renderBlock(block) {
  switch (block.type) {
    case "heading":
      return element(`h${block.size}`, {}, ...renderText(block.text));
    case "photo":
      return element("img", { classes: "photo preview", src: sourceOf(block.photo.at(-1).file_id), alt: "" });
    case "divider":
      return element("hr");
    case "pre":
      return element("pre", {}, ...renderText(block.text));
    case "footer":
      return element("footer", {}, ...renderText(block.text));
    case "blockquote":
      return element("blockquote", {}, ...renderBlocks(block.blocks));
    case "list":
      return element("ul", {}, ...block.items.map(renderItem));
    case "details":
      return renderDetails(block);
    default:
      return element("p", {}, ...renderText(block.text));
  }
}

// Telegram's servers fetch what they preview; here the newsroom draws it.
export function sourceOf(url) {
  return url.startsWith(`${location.origin}/`) ? url.slice(location.origin.length) : url;
}

function renderItem(item) {
  return element("li", { "data-label": item.label }, ...renderBlocks(item.blocks));
}

function renderDetails(block) {
  const summary = element("summary", {}, ...renderText(block.summary));
  const made = element("details", {}, summary, ...renderBlocks(block.blocks));
  made.open = block.is_open === true;
  return made;
}

function renderText(text) {
  if (Array.isArray(text)) return text.flatMap(renderText);
  if (typeof text === "string") return [text];
  const children = renderText(text.text ?? "");
  if (text.type === "url") return [link(text.url, ...children)];
  if (text.type === "date_time") return [moment(text, children)];
  return [element(STYLES[text.type] ?? "span", {}, ...children)];
}

function blockText(block) {
  const inner = block.blocks ?? block.items?.flatMap((item) => item.blocks) ?? [];
  return [spoken(block.summary), spoken(block.text), ...inner.map(blockText)].join(" ");
}

function spoken(text) {
  if (text === undefined || typeof text === "string") return text ?? "";
  return Array.isArray(text) ? text.map(spoken).join("") : spoken(text.text);
}
