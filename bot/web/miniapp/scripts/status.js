// The status page: asks for the state of the bot every fifteen seconds while it is visible.

import { Api, Refused } from "./api.js";
import { byId, copyOf, languageOf } from "./elements.js";
import { Insets } from "./insets.js";
import { Telegram } from "./telegram.js";
import { applyTheme } from "./theme.js";

const EVERY_MS = 15_000;

const telegram = new Telegram();
new Insets(telegram);
const api = new Api(telegram.data);
let timer;

function show({ language, isWell, summary, sections }) {
  if (language !== languageOf())
    return location.replace(`?language=${encodeURIComponent(language)}${telegram.hash}`);
  byId("summary").textContent = summary;
  byId("summary").dataset.well = String(isWell);
  byId("sections").replaceChildren(...sections.map(sectionOf));
  byId("main").hidden = false;
}

function sectionOf([title, ...lines]) {
  const made = copyOf("section").firstElementChild;
  made.querySelector("h2").textContent = title;
  made.querySelector("ul").replaceChildren(
    ...lines.map((line) => {
      const item = document.createElement("li");
      item.dir = "auto";
      item.textContent = line;
      return item;
    }),
  );
  return made;
}

// Shows why there is nothing to see, and asks no more.
function stop(sentence) {
  clearInterval(timer);
  byId("main").hidden = true;
  if (sentence) byId("stop-text").textContent = sentence;
  byId("stop").hidden = false;
}

async function refresh() {
  if (document.hidden) return;
  try {
    show(await api.send("bot_status"));
    byId("error").hidden = true;
  } catch (error) {
    if (error.isFinal) stop(error.message);
    else {
      byId("error").hidden = false;
      if (error instanceof Refused) byId("error").textContent = error.message;
    }
  } finally {
    byId("waiting").hidden = true;
    document.body.ariaBusy = "false";
  }
}

async function begin() {
  telegram.on("theme_changed", ({ theme_params: theme }) => applyTheme(theme));
  // Not history.back(): a web client counts the entries of its frame among its own.
  telegram.on("back_button_pressed", () => {
    telegram.showBack(false);
    location.replace(`${document.body.dataset.app}${telegram.hash}`);
  });
  document.addEventListener("visibilitychange", refresh);
  if (telegram.data) {
    telegram.begin();
    telegram.showBack(true);
    applyTheme(telegram.theme);
    timer = setInterval(refresh, EVERY_MS);
    await refresh();
  } else {
    byId("waiting").hidden = true;
    stop();
  }
  telegram.ready();
}

begin();
