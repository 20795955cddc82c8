// What was just done, for a moment; a deletion for longer, with the way back.

import { byId } from "./elements.js";

const SHOWN_MS = 4000;
const UNDO_MS = 10000;

export class Toast {
  constructor(undo) {
    this.box = byId("toast");
    this.button = byId("toast-undo");
    this.button.addEventListener("click", () => {
      this.hide();
      undo(this.topic);
    });
    // Nothing goes while somebody is at it.
    for (const type of ["focusin", "pointerenter"])
      this.box.addEventListener(type, () => clearTimeout(this.timer));
    for (const type of ["focusout", "pointerleave"])
      this.box.addEventListener(type, () => this.later());
  }

  say(text, undo = null) {
    this.topic = undo;
    byId("toast-text").textContent = text;
    this.button.hidden = undo === null;
    this.box.hidden = false;
    this.later();
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hide(), this.topic === null ? SHOWN_MS : UNDO_MS);
  }

  hide() {
    this.box.hidden = true;
  }
}
