// The times and the time zone of digests, and the quiet hours.

import { byId, copyOf, onSubmit } from "./elements.js";

const EVERY_DAY = 127;
const PAUSE_MS = 700; // because a time is typed part by part
const MORNING = 8 * 60;
const STEP = 60;
const A_DAY = 24 * 60;
const NIGHT = { start: 22 * 60, end: 7 * 60 };

export const clock = (minutes) =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");

// Returns minutes after midnight, or null while the time is incomplete.
export function minutesOf(text) {
  const found = /^(\d\d):(\d\d)/.exec(text);
  return found ? Number(found[1]) * 60 + Number(found[2]) : null;
}

export class Schedule {
  // acts: {act(name, fields)}
  constructor({ act }) {
    this.act = act;
    this.times = [];
    byId("add-digest-time").addEventListener("click", () => this.add());
    onSubmit(byId("zone"), () => this.setZone(byId("place").value));
    byId("own-zone").addEventListener("click", () => this.setZone(ownZone()));
    byId("quiet").addEventListener("change", (event) => this.setQuiet(event.target.checked));
    for (const id of ["quiet-start", "quiet-end"])
      byId(id).addEventListener("change", () => this.later("quiet", () => this.setQuiet(true)));
    this.timers = {};
  }

  show({ digest, quiet }) {
    byId("digest-text").textContent = digest.text;
    this.times = digest.times.map((time) => ({ ...time }));
    this.draw();
    byId("add-digest-time").hidden = !digest.mayHaveMore;
    byId("place").value = digest.place;
    byId("own-zone").hidden = !ownZone() || ownZone() === digest.zone;
    byId("quiet").checked = quiet !== null;
    byId("hours").hidden = quiet === null;
    byId("quiet-start").value = clock((quiet ?? NIGHT).start);
    byId("quiet-end").value = clock((quiet ?? NIGHT).end);
  }

  draw() {
    const focused = [...byId("digest-times").querySelectorAll("input, button")].indexOf(
      document.activeElement,
    );
    byId("digest-times").replaceChildren(...this.times.map((time) => this.itemOf(time)));
    if (focused >= 0) byId("digest-times").querySelectorAll("input, button")[focused]?.focus();
  }

  itemOf(time) {
    const made = copyOf("digest-time").firstElementChild;
    const input = made.querySelector("input");
    input.value = clock(time.minutes);
    input.addEventListener("change", () => this.setTime(time, input.value));
    const remove = made.querySelector(".remove");
    remove.hidden = this.times.length === 1;
    remove.addEventListener("click", () => this.remove(time));
    for (const button of made.querySelectorAll("[data-day]")) {
      const bit = 1 << Number(button.dataset.day);
      button.ariaPressed = String((time.weekdays & bit) !== 0);
      button.addEventListener("click", () => this.turnDay(time, bit));
    }
    return made;
  }

  setTime(time, text) {
    const minutes = minutesOf(text);
    if (minutes === null) return;
    time.minutes = minutes;
    this.later("times", () => this.send());
  }

  turnDay(time, bit) {
    const weekdays = time.weekdays ^ bit;
    if (weekdays === 0) return; // a digest needs a day
    time.weekdays = weekdays;
    this.draw();
    this.later("times", () => this.send());
  }

  add() {
    const last = Math.max(MORNING - STEP, ...this.times.map(({ minutes }) => minutes));
    this.times.push({ minutes: (last + STEP) % A_DAY, weekdays: EVERY_DAY });
    this.send();
  }

  remove(time) {
    this.times = this.times.filter((one) => one !== time);
    this.send();
  }

  send() {
    return this.act("set_digest_times", { times: this.times });
  }

  setZone(place) {
    return this.act("set_time_zone", { place });
  }

  async setQuiet(isWanted) {
    const hours = {
      start: minutesOf(byId("quiet-start").value) ?? NIGHT.start,
      end: minutesOf(byId("quiet-end").value) ?? NIGHT.end,
    };
    if (!(await this.act("set_quiet_hours", isWanted ? hours : {})))
      byId("quiet").checked = !isWanted;
  }

  later(name, act) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(act, PAUSE_MS);
  }
}

function ownZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
