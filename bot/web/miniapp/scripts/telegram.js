// Telegram around the page: what the hash of the address says, and the events both ways.

import { isFramed, wayOut } from "./transport.js";

// Since which version of its events a client knows these; the others it has always known.
const SINCE = {
  web_app_setup_back_button: [6, 1],
  web_app_open_link: [6, 1],
  web_app_set_header_color: [6, 1],
  web_app_set_background_color: [6, 1],
  web_app_request_safe_area: [8, 0],
  web_app_request_content_safe_area: [8, 0],
};

export class Telegram {
  constructor() {
    this.hash = location.hash;
    const launch = new URLSearchParams(location.hash.slice(1));
    this.data = launch.get("tgWebAppData") ?? "";
    this.theme = parsed(launch.get("tgWebAppThemeParams"));
    this.version = (launch.get("tgWebAppVersion") ?? "6.0").split(".").map(Number);
    this.listeners = new Map();
    const receiveEvent = (type, data) => this.receive(type, data);
    // The names by which clients call it, the newest first.
    window.Telegram = { ...window.Telegram, WebView: { receiveEvent } };
    window.TelegramGameProxy = { receiveEvent };
    window.TelegramGameProxy_receiveEvent = receiveEvent;
    window.addEventListener("message", (event) => this.receiveMessage(event));
    document.addEventListener("click", (event) => this.leave(event));
  }

  begin() {
    if (isFramed()) this.post("iframe_ready", { reload_supported: true });
    this.post("web_app_request_safe_area");
    this.post("web_app_request_content_safe_area");
  }

  // Tells clients to show the page. Until then they show a placeholder.
  ready() {
    this.post("web_app_ready");
    this.post("web_app_expand");
  }

  on(type, act) {
    this.listeners.set(type, act);
  }

  receive(type, data) {
    const sent = typeof data === "string" ? parsed(data) : data;
    this.listeners.get(type)?.(sent ?? {});
  }

  receiveMessage(event) {
    if (!isFramed() || event.source !== window.parent) return;
    const sent = parsed(event.data);
    if (sent?.eventType === "reload_iframe") this.reload();
    else if (sent?.eventType) this.receive(sent.eventType, sent.eventData);
  }

  reload() {
    this.post("iframe_will_reload");
    location.reload();
  }

  // Sends an event; returns false if no client knows it.
  post(eventType, eventData = {}) {
    const out = wayOut();
    if (!out || !this.knows(eventType)) return false;
    out(eventType, eventData);
    return true;
  }

  knows(eventType) {
    const [major, minor] = SINCE[eventType] ?? [0, 0];
    const [theirs, part = 0] = this.version;
    return theirs > major || (theirs === major && part >= minor);
  }

  showBack(isVisible) {
    if (this.isBackShown === isVisible) return;
    this.isBackShown = isVisible;
    this.post("web_app_setup_back_button", { is_visible: isVisible });
  }

  // Gives the client's header and background the colour of the page.
  paint(paper) {
    this.post("web_app_set_header_color", { color_key: "secondary_bg_color" });
    this.post("web_app_set_background_color", { color: paper });
  }

  // Opens links beside the app instead of replacing it, and outside of a web client's frame.
  leave(event) {
    const anchor = event.target.closest?.("a[href]");
    // A page of ours opens here, because its address carries the launch data.
    if (!anchor || anchor.origin === location.origin) return;
    if (this.post("web_app_open_link", { url: anchor.href })) event.preventDefault();
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
