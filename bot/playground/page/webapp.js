// A Mini App in a frame: what it is told at its start, what it asks for, and the way back.

import { byId, element } from "./elements.js";

const VERSION = "9.0"; // of the Mini App events, as the newest clients have it
const DARK = matchMedia("(prefers-color-scheme: dark)");

// Telegram's names for colours, and the colours of this page that stand for them.
const COLOURS = {
  bg_color: "--surface",
  secondary_bg_color: "--paper",
  text_color: "--ink",
  hint_color: "--quiet",
  subtitle_text_color: "--quiet",
  link_color: "--accent",
  accent_text_color: "--accent",
  button_color: "--accent",
  button_text_color: "--on-accent",
  header_bg_color: "--surface",
  section_bg_color: "--surface",
  section_header_text_color: "--accent",
  section_separator_color: "--rule",
  destructive_text_color: "--warm",
};

export class WebApp {
  constructor() {
    this.box = byId("app");
    this.frame = null;
    byId("app-close").addEventListener("click", () => this.box.close());
    byId("app-back").addEventListener("click", () => this.tell("back_button_pressed"));
    this.box.addEventListener("close", () => this.clear());
    window.addEventListener("message", (event) => this.hear(event));
    DARK.addEventListener("change", () => this.tellTheme());
  }

  open(url, data, name) {
    this.clear();
    const told = new URLSearchParams({
      tgWebAppData: data,
      tgWebAppVersion: VERSION,
      tgWebAppPlatform: "weba",
      tgWebAppThemeParams: JSON.stringify(theme()),
    });
    byId("app-name").textContent = name;
    this.frame = element("iframe", { src: `${url}#${told}`, title: name, referrerpolicy: "no-referrer" });
    this.box.append(this.frame);
    this.box.showModal();
  }

  clear() {
    this.frame?.remove();
    this.frame = null;
    byId("app-back").hidden = true;
  }

  tell(eventType, eventData = {}) {
    this.frame?.contentWindow.postMessage(JSON.stringify({ eventType, eventData }), "*");
  }

  tellTheme() {
    this.tell("theme_changed", { theme_params: theme() });
  }

  hear(event) {
    if (!this.frame || event.source !== this.frame.contentWindow) return;
    const { eventType, eventData } = JSON.parse(event.data);
    const acts = {
      web_app_close: () => this.box.close(),
      web_app_ready: () => (this.frame.dataset.ready = "true"),
      web_app_request_theme: () => this.tellTheme(),
      web_app_open_link: () => open(eventData.url, "_blank", "noopener"),
      web_app_setup_back_button: () => (byId("app-back").hidden = !eventData.is_visible),
    };
    acts[eventType]?.();
  }
}

function theme() {
  const probe = document.body.appendChild(element("i"));
  const found = Object.entries(COLOURS).map(([name, variable]) => {
    probe.style.color = `var(${variable})`;
    return [name, hexadecimal(getComputedStyle(probe).color)];
  });
  probe.remove();
  return Object.fromEntries(found);
}

function hexadecimal(rgb) {
  const channels = rgb.match(/\d+/g).slice(0, 3);
  return `#${channels.map((channel) => Number(channel).toString(16).padStart(2, "0")).join("")}`;
}
