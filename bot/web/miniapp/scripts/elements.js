// Finds and makes elements. Text is inserted as text, and addresses are checked.

const SAFE_PROTOCOLS = new Set(["http:", "https:"]);

export const byId = (id) => document.getElementById(id);

export const languageOf = () => document.documentElement.lang;

// Returns a copy of all elements of a template.
export function copyOf(id) {
  return byId(id).content.cloneNode(true);
}

export function onSubmit(form, act) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}

// Shows *parts*, pairs of a text and whether it is marked, with *tag* around the marked ones.
export function fillParts(element, parts, tag) {
  element.replaceChildren(
    ...parts.map(([text, isMarked]) => {
      if (!isMarked) return text;
      const marked = document.createElement(tag);
      marked.textContent = text;
      return marked;
    }),
  );
}

// Marks the one of *buttons* whose data-*name* is *value*.
export function press(buttons, name, value) {
  for (const button of buttons) button.ariaPressed = String(button.dataset[name] === value);
}

export function showHits(list, hits) {
  list.replaceChildren(...hits.map(hitOf));
  list.hidden = hits.length === 0;
}

// Shows where a query is wrong and why, and a suggestion for *use*. Clears the box otherwise.
export function showProblem(box, found, use) {
  box.replaceChildren();
  if (!found?.marked) return;
  const made = copyOf("problem");
  const parts = found.marked.filter(([text]) => text);
  fillParts(made.querySelector(".marked-query"), parts, "mark");
  made.querySelector(".reason").textContent = found.reason;
  const suggestion = made.querySelector(".suggestion");
  suggestion.hidden = !found.suggestion;
  suggestion.querySelector("code").textContent = found.suggestion;
  suggestion.querySelector("button").addEventListener("click", () => use(found.suggestion));
  box.append(made);
}

export const isVisible = (element) => element.getClientRects().length > 0;

function hitOf({ url, title, by = "", snippet = [] }) {
  const made = copyOf("hit");
  const anchor = made.querySelector("a");
  const href = safeAddress(url);
  if (href) anchor.href = href;
  fillParts(anchor, title, "b");
  fillParts(made.querySelector(".snippet"), snippet, "b");
  made.querySelector(".by").textContent = by;
  return made;
}

function safeAddress(address) {
  try {
    const url = new URL(address);
    return SAFE_PROTOCOLS.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
