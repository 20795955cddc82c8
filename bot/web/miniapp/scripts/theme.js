// Telegram's colours on our variables. Where two of them are too alike to be read (WCAG 2.2, 1.4.3
// and 1.4.11) the one on top is mixed with the colour of text until they are not.

const TEXT = 4.5;
const EDGE = 3;
const STEPS = 20;
const COLOUR = /^#[0-9a-f]{6}$/i;

// Returns the colour of the paper; null where the theme tells too little.
export function applyTheme(theme) {
  const given = colours(theme);
  if (!given) return null;
  const style = document.documentElement.style;
  const ours = palette(given);
  for (const [name, colour] of Object.entries(ours)) style.setProperty(`--${name}`, colour);
  style.colorScheme = luminance(given.bg_color) < luminance(given.text_color) ? "dark" : "light";
  return ours.paper;
}

// What there is of colours; null where even text on its ground is missing.
function colours(theme) {
  const known = Object.entries(theme ?? {}).filter(([, colour]) => COLOUR.test(colour));
  const given = Object.fromEntries(known);
  return given.bg_color && given.text_color ? given : null;
}

function palette(given) {
  const card = given.section_bg_color ?? given.bg_color;
  const paper = given.secondary_bg_color ?? given.bg_color;
  const ink = readable(given.text_color, [card, paper], TEXT);
  const on = (colour, least = TEXT) => readable(colour, [card, paper], least, ink);
  const accent = on(given.accent_text_color ?? given.link_color ?? given.button_color ?? ink);
  const button = readable(given.button_color ?? accent, [card], EDGE, ink);
  return {
    card,
    paper,
    ink,
    grey: on(given.subtitle_text_color ?? given.hint_color ?? ink),
    accent,
    button,
    label: readable(given.button_text_color ?? card, [button], TEXT),
    danger: on(given.destructive_text_color ?? ink),
    rule: given.section_separator_color ?? mixed(card, ink, 0.15),
    edge: on(mixed(card, ink, 0.4), EDGE),
  };
}

// *colour*, moved towards *goal* (by default black or white) until it stands out from all *grounds*.
function readable(colour, grounds, least, goal = extreme(grounds[0])) {
  for (let step = 0; step <= STEPS; step += 1) {
    const tried = mixed(colour, goal, step / STEPS);
    if (grounds.every((ground) => contrast(tried, ground) >= least)) return tried;
  }
  return goal;
}

const extreme = (ground) =>
  contrast("#000000", ground) > contrast("#ffffff", ground) ? "#000000" : "#ffffff";

const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

function mixed(one, other, share) {
  const goal = channels(other);
  const made = channels(one).map((value, at) => Math.round(value + (goal[at] - value) * share));
  return `#${made.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

function contrast(one, other) {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour) {
  const [red, green, blue] = channels(colour).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
