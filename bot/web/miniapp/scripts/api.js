// Requests to the server: JSON both ways, authenticated by the launch data.

const FINAL = new Set([401, 403]); // all later requests will fail as well

// The server refused the request; the message says why.
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
    const response = await fetch(this.base + name, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `tma ${this.data}` },
      body: JSON.stringify(fields),
      credentials: "omit",
      signal,
    });
    const isOurs = response.headers.get("Content-Type")?.startsWith("application/json");
    if (!isOurs) throw new Error(response.status);
    const body = await response.json();
    if (!response.ok) throw new Refused(response.status, body.error);
    return body;
  }
}
