// The control side of the playground: one function a call, and the line of events.

const RETRY_MS = 1000;

async function answer(response) {
  const facts = await response.json();
  if (!response.ok) throw new Error(facts.error ?? `HTTP ${response.status}`);
  return facts;
}

export async function get(path) {
  return answer(await fetch(`/control/${path}`));
}

export async function post(path, facts = {}) {
  return answer(
    await fetch(`/control/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(facts),
    }),
  );
}

export const listChats = () => get("chats");
export const readBot = (language, chatId) =>
  get(`bot?language=${encodeURIComponent(language)}&chat_id=${chatId}`);
export const launch = (chatId) => post("launch", { chat_id: chatId });
export const readMessages = (chatId, after) => get(`chats/${chatId}/messages?after=${after}`);
export const readNewsroom = () => get("newsroom");
export const publish = () => post("publish");
export const setModelMode = (mode) => post("model", { mode });
export const addUser = (name, language) =>
  post("add_user", { first_name: name, language_code: language, started: false });
export const send = (chatId, text, { replyTo, as, thread } = {}) =>
  post("send", {
    chat_id: chatId,
    text,
    ...(replyTo ? { reply_to_message_id: replyTo } : {}),
    ...(as ? { from_id: as } : {}),
    ...(thread ? { message_thread_id: thread } : {}),
  });
export const edit = (chatId, messageId, text, as) =>
  post("edit", { chat_id: chatId, message_id: messageId, text, from_id: as });
export const forward = (chatId, text, { username, as } = {}) =>
  post("forward", { chat_id: chatId, text, username, ...(as ? { from_id: as } : {}) });
export const upload = (chatId, file, content, as) =>
  post("upload", {
    chat_id: chatId,
    ...(as ? { from_id: as } : {}),
    name: file.name,
    content,
    ...(file.type ? { mime: file.type } : {}),
  });
export const askInline = (userId, text, offset) =>
  post("inline", { user_id: userId, text, offset });
export const readInlineAnswer = (id) => post("inline_answer", { inline_query_id: id });
export const chooseInline = (id, resultId, chatId, as) =>
  post("choose", { inline_query_id: id, result_id: resultId, chat_id: chatId, from_id: as });
export const press = (chatId, messageId, data, as) =>
  post("press", { chat_id: chatId, message_id: messageId, data, ...(as ? { from_id: as } : {}) });
export const addChat = (type, title, members) =>
  post("add_chat", { type, title, members, bot: "left" });
export const setBotStatus = (chatId, status, as) =>
  post("membership", { chat_id: chatId, status, ...(as ? { from_id: as } : {}) });
export const setMember = (chatId, userId, status) =>
  post("member", { chat_id: chatId, user_id: userId, status });
export const addTopic = (chatId, name) => post("topic", { chat_id: chatId, name });
export const turnTopic = (chatId, threadId, state) =>
  post("topic", { chat_id: chatId, thread_id: threadId, state });
export const setBlocked = (chatId, blocked) =>
  post(blocked ? "block" : "unblock", { chat_id: chatId });

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Calls onEvents for ever; onConnection hears whether the playground answers.
export async function follow({ after, onEvents, onConnection, onRestart }) {
  let last = after;
  for (;;) {
    try {
      const facts = await get(`events?after=${last}`);
      onConnection(true);
      if (facts.restarted) return onRestart();
      last = facts.last;
      if (facts.events.length) await onEvents(facts.events);
    } catch {
      onConnection(false);
      await pause(RETRY_MS);
    }
  }
}

export async function lastEvent() {
  return (await get("events")).last;
}
