// Telegram around the page: what the hash of the address tells, and the events both ways.
// Events go to a native client through its proxy, to a web client through the frame's parent.

export class Telegram {
  constructor() {
    this.hash = location.hash;
    const told = new URLSearchParams(location.hash.slice(1));
    this.data = told.get("tgWebAppData") ?? "";
    this.theme = parsed(told.get("tgWebAppThemeParams"));
    this.heard = new Map();
    const receiveEvent = (type, data) => this.receive(type, data);
    window.Telegram = { WebView: { receiveEvent } };
    window.TelegramGameProxy = { receiveEvent };
    window.TelegramGameProxy_receiveEvent = receiveEvent;
    window.addEventListener("message", (event) => this.hear(event));
    document.addEventListener("click", (event) => this.leave(event));
  }

  get isNative() {
    return window.TelegramWebviewProxy !== undefined;
  }

  begin() {
    if (!this.isNative && window.parent !== window)
      this.post("iframe_ready", { reload_supported: true });
    this.post("web_app_ready");
    this.post("web_app_expand");
  }

  on(type, act) {
    this.heard.set(type, act);
  }

  receive(type, data) {
    if (type === "reload_iframe") location.reload();
    this.heard.get(type)?.(data ?? {});
  }

  hear(event) {
    if (event.source !== window.parent || window.parent === window) return;
    const told = parsed(event.data);
    if (told?.eventType) this.receive(told.eventType, told.eventData);
  }

  post(eventType, eventData = {}) {
    if (this.isNative) window.TelegramWebviewProxy.postEvent(eventType, JSON.stringify(eventData));
    else if (window.parent !== window)
      window.parent.postMessage(JSON.stringify({ eventType, eventData }), "*");
  }

  showBack(isVisible) {
    this.post("web_app_setup_back_button", { is_visible: isVisible });
  }

  // A native client opens links beside the app, not in its place.
  leave(event) {
    const anchor = event.target.closest?.("a[href]");
    if (!anchor || !this.isNative) return;
    event.preventDefault();
    this.post("web_app_open_link", { url: anchor.href });
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
