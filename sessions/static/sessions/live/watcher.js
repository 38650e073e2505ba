// A second, reading ear on one's own session: whose turn it is, and how long each has spoken
// (/ws/sessions/{id}/watch). After a lost network it tells the latest of everything again.

const COME_BACK_MS = 2000;
const DONE = new Set([1000, 1008, 4401, 4403, 4410]);

export class Watcher {
  constructor({ open, onMessage }) {
    Object.assign(this, { open, onMessage });
    this.follow();
  }

  async follow() {
    try {
      this.socket = await this.open();
    } catch (error) {
      if (!error.isRefusal) this.again(); // without the right to read the words come all the same, uncoloured
      return;
    }
    if (this.closed) return this.socket.close();
    this.socket.addEventListener("message", ({ data }) => this.onMessage(JSON.parse(data)));
    this.socket.addEventListener("close", ({ code }) => {
      if (!DONE.has(code)) this.again();
    });
  }

  again() {
    if (!this.closed) this.retrying = setTimeout(() => this.follow(), COME_BACK_MS);
  }

  close() {
    this.closed = true;
    clearTimeout(this.retrying);
    this.socket?.close();
  }
}
