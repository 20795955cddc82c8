// When digests come, in which zone, and when nothing comes.

import { byId, copyOf, onSubmit } from "./elements.js";

const EVERY_DAY = 127;
const PAUSE_MS = 700; // a time is typed part by part
const MORNING = 8 * 60;
const STEP = 60;
const A_DAY = 24 * 60;
const NIGHT = { start: 22 * 60, end: 7 * 60 };

export const clock = (minutes) =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");

// Minutes after midnight; null while there is no whole time.
export function minutesOf(text) {
  const found = /^(\d\d):(\d\d)/.exec(text);
  return found ? Number(found[1]) * 60 + Number(found[2]) : null;
}

export class Schedule {
  // acts: {act(name, fields)}
  constructor({ act }) {
    this.act = act;
    this.slots = [];
    byId("add-slot").addEventListener("click", () => this.add());
    onSubmit(byId("zone"), () => this.setZone(byId("place").value));
    byId("own-zone").addEventListener("click", () => this.setZone(ownZone()));
    byId("quiet").addEventListener("change", (event) => this.setQuiet(event.target.checked));
    for (const id of ["quiet-start", "quiet-end"])
      byId(id).addEventListener("change", () => this.later("quiet", () => this.setQuiet(true)));
    this.timers = {};
  }

  show({ digest, quiet }) {
    byId("digest-text").textContent = digest.text;
    this.slots = digest.slots.map((slot) => ({ ...slot }));
    this.draw();
    byId("add-slot").hidden = !digest.mayHaveMore;
    byId("place").value = digest.place;
    byId("own-zone").hidden = !ownZone() || ownZone() === digest.zone;
    byId("quiet").checked = quiet !== null;
    byId("hours").hidden = quiet === null;
    byId("quiet-start").value = clock((quiet ?? NIGHT).start);
    byId("quiet-end").value = clock((quiet ?? NIGHT).end);
  }

  draw() {
    const focused = [...byId("slots").querySelectorAll("input, button")].indexOf(
      document.activeElement,
    );
    byId("slots").replaceChildren(...this.slots.map((slot) => this.itemOf(slot)));
    if (focused >= 0) byId("slots").querySelectorAll("input, button")[focused]?.focus();
  }

  itemOf(slot) {
    const made = copyOf("slot").firstElementChild;
    const time = made.querySelector("input");
    time.value = clock(slot.minutes);
    time.addEventListener("change", () => this.setTime(slot, time.value));
    const remove = made.querySelector(".remove");
    remove.hidden = this.slots.length === 1;
    remove.addEventListener("click", () => this.remove(slot));
    for (const button of made.querySelectorAll("[data-day]")) {
      const bit = 1 << Number(button.dataset.day);
      button.ariaPressed = String((slot.weekdays & bit) !== 0);
      button.addEventListener("click", () => this.turnDay(slot, bit));
    }
    return made;
  }

  setTime(slot, text) {
    const minutes = minutesOf(text);
    if (minutes === null) return;
    slot.minutes = minutes;
    this.later("slots", () => this.send());
  }

  turnDay(slot, bit) {
    const weekdays = slot.weekdays ^ bit;
    if (weekdays === 0) return; // a digest comes on some day
    slot.weekdays = weekdays;
    this.draw();
    this.later("slots", () => this.send());
  }

  add() {
    const last = Math.max(MORNING - STEP, ...this.slots.map(({ minutes }) => minutes));
    this.slots.push({ minutes: (last + STEP) % A_DAY, weekdays: EVERY_DAY });
    this.send();
  }

  remove(slot) {
    this.slots = this.slots.filter((one) => one !== slot);
    this.send();
  }

  send() {
    return this.act("slots", { slots: this.slots });
  }

  setZone(place) {
    return this.act("zone", { place });
  }

  async setQuiet(isWanted) {
    const hours = {
      start: minutesOf(byId("quiet-start").value) ?? NIGHT.start,
      end: minutesOf(byId("quiet-end").value) ?? NIGHT.end,
    };
    if (!(await this.act("quiet", isWanted ? hours : {}))) byId("quiet").checked = !isWanted;
  }

  later(name, act) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(act, PAUSE_MS);
  }
}

function ownZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
