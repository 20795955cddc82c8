// The chat page: puts log, composer and panel together and follows the events of the playground.

import { Composer } from "./composer.js";
import * as control from "./control.js";
import { byId } from "./elements.js";
import { Groups } from "./groups.js";
import { Log } from "./log.js";
import { Panel } from "./panel.js";
import { Sharing } from "./sharing.js";
import { WebApp } from "./webapp.js";

const TYPING_MS = 5000; // as long as Telegram shows a chat action
const TOAST_MS = 4000;
const PRESSED_MS = 8000; // a pressed button looks as if it waits
const REMEMBERED = "playground-chat";
const OF_MESSAGES = new Set(["message", "edit", "delete"]);

const state = { chat: null, bot: null, loading: null, pressed: new Map(), timers: {} };

const log = new Log({
  command: say,
  press,
  copy: (text) => attempt(() => copy(text)),
  open: (url) => openApp(url),
  reply: (message) => composer.answer(message),
  edit: (message) => composer.edit(message),
  topic: (number) => state.chat.threads?.find(({ id }) => id === number)?.name ?? `#${number}`,
});
const composer = new Composer(say, change);
const panel = new Panel({
  choose,
  add: (name, language) =>
    attempt(async () => choose((await control.addUser(name, language)).chat_id)),
  block: () => setBlocked(!state.chat.blocked),
  failed: fail,
});

const app = new WebApp();
const groups = new Groups({ choose, attempt, user: () => state.user });

const sharing = new Sharing({
  attempt,
  user: () => state.user,
  chat: () => state.chat.id,
  as: () => groups.sender.as,
});

async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    return fail(error);
  }
}

function fail(error) {
  toast(error.message);
}

// What is sent while the page is still loading waits for its chat.
function say(text, replyTo) {
  const { forwards, channel: username } = sharing;
  return attempt(async () => {
    await begun;
    if (forwards)
      return control.forward(state.chat.id, text, { username, as: groups.sender.as });
    return control.send(state.chat.id, text, { replyTo, ...groups.sender });
  });
}

function change(message, text) {
  return attempt(() => control.edit(message.chat.id, message.message_id, text, message.author));
}

function setBlocked(blocked) {
  return attempt(() => control.setBlocked(state.chat.id, blocked));
}

async function press(message, button, made) {
  made.classList.add("waiting");
  const done = () => made.classList.remove("waiting");
  setTimeout(done, PRESSED_MS);
  try {
    const { callback_query_id: id } = await control.press(
      message.chat.id,
      message.message_id,
      button.callback_data,
      groups.sender.as,
    );
    state.pressed.set(id, done);
  } catch (error) {
    done();
    fail(error);
  }
}

function showAnswer(event) {
  state.pressed.get(event.callback_query_id)?.();
  state.pressed.delete(event.callback_query_id);
  if (event.chat_id !== state.chat.id || !event.text) return;
  if (!event.show_alert) return toast(event.text);
  byId("alert-text").textContent = event.text;
  byId("alert").showModal();
}

async function copy(text) {
  await navigator.clipboard.writeText(text);
  toast("Copied");
}

function toast(text) {
  byId("toast").textContent = text;
  byId("toast").hidden = false;
  later("toast", TOAST_MS, () => (byId("toast").hidden = true));
}

function showTyping(shown) {
  byId("typing").hidden = !shown;
  byId("status").textContent = shown ? "typing …" : kind();
  if (shown && log.isNearEnd()) log.toEnd();
  later("typing", TYPING_MS, () => shown && showTyping(false));
}

const isPrivate = () => state.chat.type === "private";
const lacksBot = () => ["left", "kicked"].includes(state.chat.bot_status);

function kind() {
  if (isPrivate()) return "bot";
  return lacksBot() ? `${state.chat.type} without the bot` : state.chat.type;
}

// A private chat begins with Start, and a group with adding the bot, as in Telegram.
function showBeginning() {
  byId("status").textContent = kind();
  byId("start").hidden = !isPrivate();
  byId("add-bot").hidden = isPrivate() || !lacksBot();
  const greeting = isPrivate() ? state.bot.description : "";
  byId("description").textContent = greeting || "No messages here yet.";
}

function addBot() {
  const role = state.chat.type === "channel" ? "administrator" : "member";
  return attempt(() => control.setBotStatus(state.chat.id, role, groups.inside()));
}

function later(name, ms, act) {
  clearTimeout(state.timers[name]);
  state.timers[name] = setTimeout(act, ms);
}

// One reading at a time, so that an old answer cannot overtake a newer one.
function readChat() {
  state.loading = (state.loading ?? Promise.resolve()).then(readChanges).catch(fail);
  return state.loading;
}

async function readChanges() {
  const chatId = state.chat.id;
  const messages = await control.readMessages(chatId, log.version);
  if (chatId !== state.chat.id) return;
  const fresh = log.update(messages);
  if (fresh.some((message) => message.from.is_bot)) showTyping(false);
  const newest = fresh.filter((message) => message.from.is_bot).at(-1);
  if (newest) composer.obey(newest);
  byId("empty").hidden = !log.isEmpty;
}

async function readChats() {
  const chats = await control.listChats();
  state.chat = chats.find(({ id }) => id === state.chat?.id) ?? state.chat;
  if (state.chat?.type === "private") state.user = state.chat.id;
  panel.showChats(chats, state.chat?.id);
  const users = chats.filter(({ type }) => type === "private");
  groups.show(state.chat, users);
  composer.setBlocked(Boolean(state.chat?.blocked));
  return chats;
}

async function readBot() {
  state.bot = await control.readBot(state.chat.language_code ?? "", state.chat.id);
  const name = state.chat.title || state.bot.first_name;
  byId("bot-name").textContent = name;
  byId("avatar").textContent = name.slice(0, 1);
  document.title = name;
  showBeginning();
  composer.commands = state.bot.commands;
  const { web_app: opens, text } = state.bot.menu_button;
  byId("open-app").hidden = !opens || state.chat.type !== "private";
  byId("open-app").textContent = text ?? "";
}

function openApp(url) {
  return attempt(async () => {
    const { data } = await control.launch(state.chat.id);
    app.open(url, data, state.bot.first_name);
  });
}

async function choose(chatId) {
  state.chat = { id: chatId };
  localStorage.setItem(REMEMBERED, chatId);
  log.clear();
  composer.answer(null);
  composer.showKeys([]);
  showTyping(false);
  await readChats();
  await Promise.all([readBot(), readChat()]);
  composer.focus();
}

async function onEvents(events) {
  const kinds = new Set(events.map(({ kind }) => kind));
  for (const event of events) {
    if (event.kind === "callback_answer") showAnswer(event);
    if (event.kind === "chat_action" && event.chat_id === state.chat.id) showTyping(true);
    if (event.kind === "inline_answer") attempt(() => sharing.answered(event));
    if (event.kind === "message") panel.markUnread(event.chat_id, state.chat.id);
  }
  if (kinds.has("chat")) {
    await readChats();
    showBeginning();
  }
  if (kinds.has("commands")) await readBot();
  if (kinds.has("published")) panel.refreshNews();
  if (events.some(({ kind, chat_id: id }) => OF_MESSAGES.has(kind) && id === state.chat.id))
    await readChat();
}

// A link that starts this very bot is pressed here instead of leading out of the playground.
function catchStartLink(event) {
  const anchor = event.target.closest?.("a[href]");
  if (!anchor) return;
  const url = new URL(anchor.href);
  if (url.hostname !== "t.me" || url.pathname !== `/${state.bot?.username}`) return;
  event.preventDefault();
  say(`/start ${url.searchParams.get("start") ?? ""}`.trim());
}

// A browser that opens the playground for the first time shows the first user.
async function findChat() {
  const remembered = Number(localStorage.getItem(REMEMBERED));
  const chats = await control.listChats();
  if (chats.some(({ id }) => id === remembered)) return remembered;
  const first = chats.find(({ type }) => type === "private");
  if (first) return first.id;
  return (await control.addUser("Ann", navigator.language.split("-")[0])).chat_id;
}

// Opens a chat, and returns the last event before that.
async function begin() {
  const after = await control.lastEvent();
  await choose(await findChat());
  panel.refreshNews();
  document.body.dataset.ready = "true";
  return after;
}

async function follow() {
  await control.follow({
    after: await begun,
    onEvents,
    onConnection: (connected) => (byId("banner").hidden = connected),
    onRestart: () => location.reload(),
  });
}

document.addEventListener("click", catchStartLink);
byId("open-app").addEventListener("click", () => openApp(state.bot.menu_button.web_app.url));
byId("start").addEventListener("click", () => say("/start"));
byId("add-bot").addEventListener("click", addBot);
byId("unblock").addEventListener("click", () => setBlocked(false));
const begun = begin();
attempt(follow);
