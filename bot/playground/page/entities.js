// Text with entities as nodes. Offsets are UTF-16 units, which is what JavaScript strings count.

import { element, link, pressable } from "./elements.js";

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
};
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

// onCommand is called with a command, such as "/help", that was clicked in the text.
export function renderText(text, entities, onCommand) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return renderRange(text, 0, text.length, sorted, onCommand);
}

function renderRange(text, from, to, entities, onCommand) {
  const made = document.createDocumentFragment();
  let at = from;
  let rest = entities;
  while (rest.length) {
    const [entity, ...others] = rest;
    const start = Math.max(entity.offset, at);
    const end = Math.min(entity.offset + entity.length, to);
    // What begins inside stands inside; the server has already made overlaps nest.
    const inner = others.filter((other) => other.offset < end);
    rest = others.filter((other) => other.offset >= end);
    if (end <= start) continue;
    made.append(text.slice(at, start));
    const children = renderRange(text, start, end, inner, onCommand);
    made.append(wrap(entity, text.slice(start, end), children, onCommand));
    at = BLOCKS.has(entity.type) && text[end] === "\n" ? end + 1 : end;
  }
  made.append(text.slice(Math.min(at, to), to));
  return made;
}

const RENDERERS = {
  text_link: ({ entity, children }) => link(entity.url, children),
  url: ({ text, children }) => link(HAS_SCHEME.test(text) ? text : `http://${text}`, children),
  email: ({ text, children }) => link(`mailto:${text}`, children),
  phone_number: ({ text, children }) => link(`tel:${text.replace(/[^+\d]/g, "")}`, children),
  pre: ({ entity, children }) =>
    element("pre", { "data-language": entity.language ?? "" }, element("code", {}, children)),
  blockquote: ({ children }) => element("blockquote", {}, children),
  expandable_blockquote: ({ children }) => foldable(children),
  spoiler: ({ children }) => spoiler(children),
  date_time: ({ entity, children }) => moment(entity, children),
  bot_command: ({ text, children, onCommand }) => command(text, children, onCommand),
};

function wrap(entity, text, children, onCommand) {
  if (Object.hasOwn(TAGS, entity.type)) return element(TAGS[entity.type], {}, children);
  if (Object.hasOwn(RENDERERS, entity.type)) {
    return RENDERERS[entity.type]({ entity, text, children, onCommand });
  }
  return element("span", { classes: `mark ${entity.type}` }, children);
}

function command(text, children, onCommand) {
  const made = element("span", { classes: "command", role: "link" }, children);
  return pressable(made, () => onCommand(text));
}

function foldable(children) {
  const inner = element("div", { classes: "inner" }, children);
  const more = element("button", { type: "button", classes: "more", "aria-expanded": "false" });
  more.textContent = "Show all";
  const made = element("blockquote", { classes: "expandable folded" }, inner, more);
  made.addEventListener("click", (event) => {
    if (event.target.closest("a")) return;
    const folded = made.classList.toggle("folded");
    more.setAttribute("aria-expanded", String(!folded));
    more.textContent = folded ? "Show all" : "Show less";
  });
  return made;
}

function spoiler(children) {
  const inner = element("span", { classes: "hidden-text", "aria-hidden": "true" }, children);
  const made = element("span", { classes: "spoiler", role: "button" }, inner);
  made.setAttribute("aria-label", "Hidden text, press to show");
  return pressable(made, () => {
    made.classList.add("shown");
    made.removeAttribute("aria-label");
    made.removeAttribute("role");
    inner.removeAttribute("aria-hidden");
  });
}

// *children* are nodes, or one of them.
export function moment(entity, children) {
  const inside = Array.isArray(children) ? children : [children];
  const when = new Date(entity.unix_time * 1000);
  if (Number.isNaN(when.getTime())) return element("span", {}, ...inside);
  const attributes = {
    datetime: when.toISOString(),
    title: when.toLocaleString(),
    classes: "moment",
  };
  const said = sayMoment(when, entity.date_time_format ?? "", new Date());
  return said
    ? element("time", { ...attributes, text: said })
    : element("time", attributes, ...inside);
}

// The letters of the Bot API: r relative; w weekday; d, D short and long date; t, T short and long
// time. Without any the text stays as the bot wrote it.
export function sayMoment(when, format, now) {
  if (format === "r") return sayDistance(when, now);
  const said = [];
  if (format.includes("w")) said.push(when.toLocaleDateString([], { weekday: "long" }));
  if (format.includes("d")) said.push(when.toLocaleDateString([], { dateStyle: "short" }));
  if (format.includes("D")) said.push(when.toLocaleDateString([], { dateStyle: "long" }));
  if (format.includes("t")) said.push(when.toLocaleTimeString([], { timeStyle: "short" }));
  if (format.includes("T")) said.push(when.toLocaleTimeString([], { timeStyle: "medium" }));
  return said.join(", ");
}

function sayDistance(when, now) {
  const seconds = Math.round((when - now) / 1000);
  const words = new Intl.RelativeTimeFormat([], { numeric: "auto" });
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return words.format(Math.trunc(seconds / size), unit);
}
