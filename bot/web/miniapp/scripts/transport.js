// The ways out to Telegram: a native client puts a proxy into the page, one of Windows had a function
// of the browser's, and a web client is the parent of our frame. Alone in a browser there is none.
// https://core.telegram.org/api/web-events

export const isFramed = () => window.parent !== window;

export function wayOut() {
  if (window.TelegramWebviewProxy !== undefined) return toProxy;
  if (window.external && "notify" in window.external) return toExternal;
  return isFramed() ? toParent : null;
}

function toProxy(eventType, eventData) {
  window.TelegramWebviewProxy.postEvent(eventType, JSON.stringify(eventData));
}

function toExternal(eventType, eventData) {
  window.external.notify(JSON.stringify({ eventType, eventData }));
}

// The page's policy says who may show it in a frame.
function toParent(eventType, eventData) {
  window.parent.postMessage(JSON.stringify({ eventType, eventData }), "*");
}
