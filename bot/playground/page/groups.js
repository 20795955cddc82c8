// Groups and channels: creating one, and the roles in the one that is shown.

import * as control from "./control.js";
import { byId, element } from "./elements.js";

const ROLES = ["creator", "administrator", "member", "restricted", "left", "kicked"];
const BOT_ROLES = ROLES.slice(1);

export class Groups {
  // acts: {choose(chat), attempt(act), user()}; user gives the id of the user whose chat was last
  constructor(acts) {
    this.acts = acts;
    this.chat = null;
    this.as = null;
    this.thread = null;
    byId("group").addEventListener("submit", (event) => this.add(event));
    byId("topic").addEventListener("submit", (event) => this.addTopic(event));
    byId("acting").addEventListener("change", (event) => this.act(Number(event.target.value)));
    byId("thread").addEventListener("change", (event) => this.enter(Number(event.target.value)));
    this.change("role", (role) => control.setMember(this.chat.id, this.as, role));
    this.change("bot-role", (role) => control.setBotStatus(this.chat.id, role, this.inside()));
    byId("turn-topic").addEventListener("click", () => acts.attempt(() => this.turn()));
  }

  change(id, act) {
    byId(id).addEventListener("change", (event) =>
      this.acts.attempt(() => act(event.target.value)),
    );
  }

  // The acting user if they are in the group, else null.
  inside() {
    return this.chat.members.some(({ id }) => id === this.as) ? this.as : null;
  }

  async add(event) {
    event.preventDefault();
    const title = byId("group-title");
    await this.acts.attempt(async () => {
      const made = await control.addChat(byId("group-type").value, title.value, [
        this.acts.user(),
      ]);
      await this.acts.choose(made.chat_id);
    });
    title.value = "";
  }

  async addTopic(event) {
    event.preventDefault();
    const name = byId("topic-name");
    await this.acts.attempt(async () => {
      this.thread = (await control.addTopic(this.chat.id, name.value)).thread_id;
    });
    name.value = "";
  }

  turn() {
    const thread = this.chat.threads.find(({ id }) => id === this.thread);
    return control.turnTopic(this.chat.id, thread.id, thread.state === "open" ? "closed" : "open");
  }

  act(user) {
    this.as = user;
    this.show(this.chat, this.users);
  }

  enter(thread) {
    this.thread = thread || null;
    this.show(this.chat, this.users);
  }

  // What a message or a press of this user carries.
  get sender() {
    return this.chat ? { as: this.as, thread: this.thread } : {};
  }

  show(chat, users) {
    const moved = this.chat?.id !== chat?.id;
    this.chat = chat && chat.type !== "private" ? chat : null;
    this.users = users;
    byId("roles").hidden = this.chat === null;
    if (!this.chat) return;
    if (moved) [this.as, this.thread] = [chat.members[0]?.id ?? users[0]?.id ?? null, null];
    const role = chat.members.find(({ id }) => id === this.as)?.status ?? "left";
    options("acting", users.map(({ id, first_name: name }) => [id, name]), this.as);
    options("role", ROLES.map((name) => [name, name]), role);
    options("bot-role", BOT_ROLES.map((name) => [name, name]), chat.bot_status);
    this.showThreads(chat);
  }

  showThreads(chat) {
    const named = chat.threads.map(({ id, name, state }) => [
      id,
      state === "open" ? name : `${name} (closed)`,
    ]);
    if (!chat.threads.some(({ id }) => id === this.thread)) this.thread = null;
    const thread = chat.threads.find(({ id }) => id === this.thread);
    options("thread", [[0, "General"], ...named], this.thread ?? 0);
    byId("in-topic").hidden = byId("topic").hidden = chat.type !== "supergroup";
    byId("turn-topic").hidden = !thread;
    byId("turn-topic").textContent = thread?.state === "closed" ? "Reopen" : "Close";
  }
}

function options(id, pairs, chosen) {
  byId(id).replaceChildren(
    ...pairs.map(([value, text]) => {
      const made = element("option", { value, text });
      made.selected = value === chosen;
      return made;
    }),
  );
}
