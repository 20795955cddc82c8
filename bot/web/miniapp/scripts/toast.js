// Shows the result of an action for a moment, or for longer if it can be undone.

import { byId } from "./elements.js";

const SHOWN_MS = 4000;
const UNDO_MS = 10000;

export class Toast {
  constructor(undo) {
    this.box = byId("toast");
    this.button = byId("toast-undo");
    this.button.addEventListener("click", () => {
      this.hide();
      undo(this.undo);
    });
    // It stays while the user points at it or has the focus in it.
    for (const type of ["focusin", "pointerenter"])
      this.box.addEventListener(type, () => clearTimeout(this.timer));
    for (const type of ["focusout", "pointerleave"])
      this.box.addEventListener(type, () => this.later());
  }

  say(text, undo = null) {
    this.undo = undo;
    byId("toast-text").textContent = text;
    this.button.hidden = undo === null;
    this.box.hidden = false;
    this.later();
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hide(), this.undo === null ? SHOWN_MS : UNDO_MS);
  }

  hide() {
    this.box.hidden = true;
  }
}
