// The Mini App: requests the state of the chat, shows it, and sends actions.

import { Alerts } from "./alerts.js";
import { Api, Refused } from "./api.js";
import { byId, languageOf } from "./elements.js";
import { Insets } from "./insets.js";
import { Mail } from "./mail.js";
import { Schedule } from "./schedule.js";
import { Search } from "./search.js";
import { Telegram } from "./telegram.js";
import { applyTheme } from "./theme.js";
import { Toast } from "./toast.js";
import { Topics } from "./topics.js";

const telegram = new Telegram();
new Insets(telegram);
const api = new Api(telegram.data);
const toast = new Toast((undo) => act(undo.act, undo.fields));
const search = new Search({ api, act, failed, opened: showBack });
const topics = new Topics({ api, act, failed, opened: showBack });
const parts = [search, topics, new Schedule({ act }), new Mail({ act }), new Alerts({ act })];

// Sends an action and shows the new state; false if it was refused.
async function act(name, fields) {
  try {
    const state = await api.send(name, fields);
    show(state);
    if (state.message) toast.say(state.message, state.undo);
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

function failed(error) {
  const sentence = error instanceof Refused ? error.message : byId("error").textContent;
  if (error.isFinal) stop(sentence);
  else toast.say(sentence);
}

// Shows why the page cannot be used, and hides the rest.
function stop(sentence) {
  byId("main").hidden = true;
  byId("waiting").hidden = true;
  if (sentence) byId("stop-text").textContent = sentence;
  byId("stop").hidden = false;
}

function show(state) {
  if (state.language !== languageOf()) return speak(state.language);
  for (const part of parts) part.show(state);
  showPause(state);
  if (byId("language")) byId("language").value = state.chosenLanguage;
  const status = byId("status");
  status.hidden = !state.isAdmin;
  status.hash = telegram.hash;
}

// Loads the page in another language, because the server renders its words.
function speak(language) {
  location.replace(`?language=${encodeURIComponent(language)}${telegram.hash}`);
}

function showPause({ isPaused, pausedText }) {
  byId("paused-text").textContent = pausedText;
  byId("pause").hidden = isPaused;
  byId("resume").hidden = !isPaused;
}

function showBack() {
  telegram.showBack(search.isOpen || topics.isOpen);
}

function back() {
  if (topics.isOpen) topics.close();
  else search.clear();
}

function dress(theme) {
  const paper = applyTheme(theme);
  if (paper) telegram.paint(paper);
}

async function begin() {
  telegram.on("theme_changed", ({ theme_params: theme }) => dress(theme));
  telegram.on("back_button_pressed", back);
  byId("pause").addEventListener("click", () => act("set_paused", { paused: true }));
  byId("resume").addEventListener("click", () => act("set_paused", { paused: false }));
  byId("language")?.addEventListener("change", ({ target }) =>
    act("set_language", { language: target.value }),
  );
  if (!telegram.data) return stop();
  telegram.begin();
  dress(telegram.theme);
  try {
    const state = await api.send("state");
    show(state);
    if (state.language !== languageOf()) return; // the other page will be ready
  } catch (error) {
    telegram.ready();
    return stop(error instanceof Refused ? error.message : byId("error").textContent);
  } finally {
    document.body.ariaBusy = "false";
  }
  telegram.ready();
  byId("waiting").hidden = true;
  byId("main").hidden = false;
}

begin();
