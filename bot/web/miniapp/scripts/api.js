// What the page asks of its server: JSON both ways, with the launch data as who it is.

const FINAL = new Set([401, 403]); // whatever else is asked, the answer is the same

// The server said no, in a sentence.
export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.isFinal = FINAL.has(status);
  }
}

export class Api {
  constructor(data) {
    this.data = data;
    this.base = document.body.dataset.api;
  }

  async send(name, fields = {}, { signal } = {}) {
    const answer = await fetch(this.base + name, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `tma ${this.data}` },
      body: JSON.stringify(fields),
      credentials: "omit",
      signal,
    });
    const isOurs = answer.headers.get("Content-Type")?.startsWith("application/json");
    if (!isOurs) throw new Error(answer.status);
    const facts = await answer.json();
    if (!answer.ok) throw new Refused(answer.status, facts.error);
    return facts;
  }
}
