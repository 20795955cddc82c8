// What is not typed into the chat: inline queries, posts of others, files.

import * as control from "./control.js";
import { byId, element } from "./elements.js";

export class Sharing {
  // acts: {attempt(act), user(), chat(), as()}; as gives the user who writes in a group, if any
  constructor(acts) {
    this.acts = acts;
    this.asked = null;
    byId("inline").addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask("");
    });
    byId("file").addEventListener("change", () => this.upload());
  }

  // Whether what is written goes out as a post by somebody else.
  get forwards() {
    return byId("as-forward").checked;
  }

  // The name of the public channel that the post is from; "" for a channel without a name.
  get channel() {
    return byId("forwarded-from").value.trim().replace(/^@/, "");
  }

  ask(offset) {
    this.asking = this.acts.attempt(async () => {
      const text = byId("inline-text").value;
      const { inline_query_id: id } = await control.askInline(this.acts.user(), text, offset);
      this.asked = { id, offset };
    });
    return this.asking;
  }

  // An answer to what was asked last; others come too late. A fast bot answers before we know its id.
  async answered({ inline_query_id: id }) {
    await this.asking;
    if (id !== this.asked?.id) return;
    const { answer } = await control.readInlineAnswer(id);
    const rows = answer.results.map((result) => this.row(id, result));
    if (answer.button) rows.unshift(this.top(answer.button));
    if (answer.next_offset) rows.push(this.more(answer.next_offset));
    if (!rows.length) rows.push(element("li", { classes: "hint", text: "No results." }));
    if (this.asked.offset) byId("inline-results").lastElementChild?.remove();
    else byId("inline-results").replaceChildren();
    byId("inline-results").append(...rows);
  }

  row(id, result) {
    const made = element("button", { type: "button" });
    made.append(
      element("b", { text: result.title }),
      element("span", { text: result.description ?? "" }),
    );
    made.addEventListener("click", () =>
      this.acts.attempt(() =>
        control.chooseInline(id, result.id, this.acts.chat(), this.acts.user()),
      ),
    );
    return element("li", {}, made);
  }

  top(button) {
    const made = element("button", { type: "button", classes: "primary", text: button.text });
    made.addEventListener("click", () =>
      this.acts.attempt(() =>
        control.send(this.acts.user(), `/start ${button.start_parameter}`),
      ),
    );
    return element("li", {}, made);
  }

  more(offset) {
    const made = element("button", { type: "button", classes: "quiet", text: "More" });
    made.addEventListener("click", () => this.ask(offset));
    return element("li", {}, made);
  }

  upload() {
    return this.acts.attempt(async () => {
      const [file] = byId("file").files;
      if (file)
        await control.upload(this.acts.chat(), file, await asBase64(file), this.acts.as());
      byId("file").value = "";
    });
  }
}

function asBase64(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => done(reader.result.split(",", 2)[1] ?? ""));
    reader.addEventListener("error", () => failed(reader.error));
    reader.readAsDataURL(file);
  });
}
