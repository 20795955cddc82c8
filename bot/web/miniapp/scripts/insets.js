// Keeps the page clear of Telegram's buttons and the edges of the screen.

const SIDES = ["top", "bottom"];

export class Insets {
  constructor(telegram) {
    this.known = {};
    for (const kind of ["safe_area_changed", "content_safe_area_changed"])
      telegram.on(kind, (sides) => this.learn(kind, sides));
  }

  learn(kind, sides) {
    this.known[kind] = sides;
    for (const side of SIDES) {
      const wide = Object.values(this.known).map((one) => Number(one[side]) || 0);
      const sum = wide.reduce((one, other) => one + other, 0);
      document.documentElement.style.setProperty(`--inset-${side}`, `${sum}px`);
    }
  }
}
