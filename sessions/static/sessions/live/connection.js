// One session's socket: opened again when it is lost, and sent what the server does not yet keep.
// The protocol is /ws/transcribe: acks say what is flushed to disk, next_byte where to go on.

import { BYTES_PER_SECOND } from "./recorder.js";

const CATCH_UP_SPEED = 8; // times the speed of speech; the server takes ten
const WAITING_IN_SOCKET_BYTES = 262_144;
const RETRY_MS = [250, 500, 1000, 2000, 4000];
const SILENT_MS = 10_000; // acks come once a second
const FINISHED = 4410;
const HOPELESS = new Set([1008, 1009, 4400, 4401, 4403, 4409, 4429]); // coming back changes nothing

export class Connection {
  /** `open(sessionId)` gives a WebSocket. `on`: message(body), lost(seconds), failed(reason), over(),
   *  renewed(): the server had given up waiting, what is unsent begins another session. */
  constructor({ open, buffer, on }) {
    Object.assign(this, { open, buffer, on });
    this.sessionId = newSessionId();
    this.attempts = 0;
    this.sent = null; // the place of the next byte to send; null while the server has not said it
    this.ending = false;
    this.over = false;
    this.allowance = BYTES_PER_SECOND;
    this.filledAt = performance.now();
    this.ticking = setInterval(() => this.pump(), 100);
    this.soon = () => this.retryNow();
    addEventListener("online", this.soon);
    this.connect();
  }

  async connect() {
    this.retrying = null;
    this.lastError = null;
    this.sent = null;
    try {
      this.socket = await this.open(this.sessionId);
    } catch (error) {
      if (error.isRefusal) return this.stop(() => this.on.failed(error.message));
      return this.retry();
    }
    const { socket } = this;
    if (this.over) return socket.close();
    this.heardAt = performance.now();
    socket.addEventListener("message", ({ data }) => socket === this.socket && this.receive(JSON.parse(data)));
    socket.addEventListener("close", ({ code, reason }) => socket === this.socket && this.closed(code, reason));
  }

  receive(body) {
    this.heardAt = performance.now();
    if (body.type === "connected") {
      this.attempts = 0;
      this.buffer.dropBefore(body.next_byte);
      this.sent = body.next_byte;
    } else if (body.type === "ack") {
      this.buffer.dropBefore(body.bytes_received);
    } else if (body.type === "error") {
      this.lastError = body;
    } else if (body.type === "session_ended") {
      this.buffer.dropBefore(this.sent ?? 0);
      this.stop(() => {});
    }
    this.on.message(body);
    this.pump();
  }

  /** Send what may be sent now; called for every frame, and ten times a second. */
  pump() {
    if (this.sent === null || this.socket?.readyState !== WebSocket.OPEN) return;
    const now = performance.now();
    if (this.sent > this.buffer.start && now - this.heardAt > SILENT_MS) return this.leave();
    const fresh = ((now - this.filledAt) / 1000) * CATCH_UP_SPEED * BYTES_PER_SECOND;
    this.allowance = Math.min(this.allowance + fresh, BYTES_PER_SECOND);
    this.filledAt = now;
    while (this.allowance > 0 && this.socket.bufferedAmount < WAITING_IN_SOCKET_BYTES) {
      const frame = this.buffer.from(this.sent);
      if (frame === null) break;
      this.socket.send(frame);
      this.sent += frame.length;
      this.allowance -= frame.length;
    }
    if (this.ending && this.sent === this.buffer.end) {
      this.socket.send(JSON.stringify({ type: "end_session" }));
      this.ending = false;
    }
  }

  /** After the last byte has gone out. Asked for again on whatever socket takes the session up. */
  end() {
    this.ending = this.asked = true;
    this.pump();
  }

  ask(type) {
    if (this.sent !== null && this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type }));
  }

  /** A network that went without a word: nobody closes this socket for us. */
  leave() {
    const { socket } = this;
    this.closed(1006, "");
    socket.close();
  }

  closed(code, reason) {
    this.socket = null;
    if (this.over) return;
    this.sent = null;
    this.ending = this.asked === true;
    const why = this.lastError?.message || reason || `The server closed the connection (${code}).`;
    if (code === FINISHED && this.buffer.end > this.buffer.start) {
      this.buffer.renumber();
      this.sessionId = newSessionId();
      this.on.renewed();
      this.connect();
    } else if (code === FINISHED || code === 1000) this.stop(() => this.on.over());
    else if (HOPELESS.has(code)) this.stop(() => this.on.failed(why));
    else this.retry();
  }

  retry() {
    if (this.over) return;
    const wait = RETRY_MS[Math.min(this.attempts++, RETRY_MS.length - 1)];
    this.on.lost((this.buffer.end - this.buffer.start) / BYTES_PER_SECOND);
    this.retrying = setTimeout(() => this.connect(), wait);
  }

  retryNow() {
    if (!this.retrying) return;
    clearTimeout(this.retrying);
    this.connect();
  }

  stop(then) {
    this.over = true;
    clearInterval(this.ticking);
    clearTimeout(this.retrying);
    removeEventListener("online", this.soon);
    then();
  }
}

function newSessionId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
