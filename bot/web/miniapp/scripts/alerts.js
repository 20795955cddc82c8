// Recent alerts, what is muted and saved, the alerts an hour, and how alerts and digests look.

import { byId, copyOf, onSubmit, press, showHits } from "./elements.js";

export class Alerts {
  // acts: {act(name, fields)}
  constructor({ act }) {
    this.act = act;
    onSubmit(byId("rate-form"), () => act("set_alert_rate", { number: byId("rate").valueAsNumber || 0 }));
    for (const name of ["style", "layout"])
      for (const button of byId(name).children)
        button.addEventListener("click", () => act("set_layout", { [name]: button.dataset[name] }));
    for (const button of byId("pictures").children)
      button.addEventListener("click", () =>
        act("set_picture", { place: button.dataset.place, wanted: button.ariaPressed !== "true" }),
      );
    for (const name of ["hashtags", "model"])
      byId(name).addEventListener("change", ({ target }) => act(`set_${name}`, { wanted: target.checked }));
  }

  show({ alerts, mutes, saved, alertRate, layout, hashtags, hasModel, usesModel }) {
    this.fill("alerts", alerts, (alert) => this.alertOf(alert));
    this.fill("saved", saved, (story) => this.savedOf(story));
    byId("hashtags").checked = hashtags;
    byId("model-switch").hidden = !hasModel;
    byId("model").checked = usesModel;
    this.fill("mutes", mutes, (mute) => this.muteOf(mute));
    byId("rate").value = alertRate;
    byId("layout-text").textContent = layout.text;
    press(byId("style").children, "style", layout.style);
    press(byId("layout").children, "layout", layout.layout);
    for (const button of byId("pictures").children)
      button.ariaPressed = String(layout.pictures.includes(button.dataset.place));
  }

  // Fills a list; the focus stays at the place that it had.
  fill(id, rows, itemOf) {
    const list = byId(id);
    const focused = [...list.querySelectorAll("button")].indexOf(document.activeElement);
    list.replaceChildren(...rows.map(itemOf));
    byId(`${id}-section`).hidden = rows.length === 0;
    if (focused < 0) return;
    const buttons = [...list.querySelectorAll("button:not([hidden])")];
    (buttons[Math.min(focused, buttons.length - 1)] ?? byId("query")).focus();
  }

  alertOf({ story, isMuted, hit, less }) {
    const made = copyOf("alert").firstElementChild;
    showHits(made.querySelector(".hits"), [hit]);
    for (const button of made.querySelectorAll("[data-what]")) {
      const { what } = button.dataset;
      if (what === "less") button.textContent = less;
      button.hidden = what === "less" ? !less : isMuted;
      button.addEventListener("click", () => this.act("mute_alert", { story, what }));
    }
    return made;
  }

  savedOf({ id, ...hit }) {
    const made = copyOf("saved-story").firstElementChild;
    showHits(made.querySelector(".hits"), [hit]);
    made.querySelector("button").addEventListener("click", () => this.act("remove_saved", { saved: id }));
    return made;
  }

  muteOf({ id, text }) {
    const made = copyOf("mute").firstElementChild;
    made.querySelector(".text").textContent = text;
    made.querySelector("button").addEventListener("click", () => this.act("end_mute", { mute: id }));
    return made;
  }
}
