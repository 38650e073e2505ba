// The live page: wires what the other modules do to what stands on the page.

import { Access, GivenTokens } from "./access.js";
import { AudioBuffer } from "./buffer.js";
import { Connection } from "./connection.js";
import { Figures } from "./figures.js";
import { followAnalysis } from "./progress.js";
import { BYTES_PER_SECOND, Recorder } from "./recorder.js";
import { clock, Transcript } from "./transcript.js";
import { TranscriptView } from "./view.js";
import { Watcher } from "./watcher.js";

const KEPT_S = 15 * 60; // of audio while the network is away: 29 MB
const SETTLING_S = 0.8; // of silence after a pause, so that the words before it become final
const ASK_FIGURES_MS = 5000;
const QUIET_PEAK = 0.004;
const QUIET_FOR_MS = 6000;

const at = (id) => document.getElementById(id);
const page = document.body.dataset;
const chosenSource = () => document.querySelector("input[name=source]:checked").value;
let talk = null;

class Talk {
  constructor(access, language) {
    this.access = access;
    this.language = language;
    this.buffer = new AudioBuffer(KEPT_S * BYTES_PER_SECOND);
    this.transcript = new Transcript();
    at("words").replaceChildren();
    at("spoken").replaceChildren();
    this.view = new TranscriptView({ list: at("words"), spoken: at("spoken"), toEnd: at("to-end"), transcript: this.transcript });
    this.figures = new Figures(at);
    this.isPaused = false;
    this.loudAt = performance.now();
  }

  async open(file) {
    this.recorder = await Recorder.open({
      file,
      workletUrl: workletUrl(),
      frameBytes: Number(page.bufferBytes),
      onFrame: (frame) => this.take(frame),
      onLevel: (peak) => this.level(peak),
      onDone: () => this.end(),
    });
  }

  async begin() {
    this.connection = new Connection({
      buffer: this.buffer,
      open: (id) =>
        this.access.socket(`/ws/transcribe/${id}`, "live", {
          language: this.language,
          interim_results: true,
          acks: true,
          diarization: true,
          analytics: true,
        }),
      on: {
        message: (body) => this.receive(body),
        lost: (seconds) => this.lost(seconds),
        failed: (reason) => this.finish(reason, true),
        over: () => this.finish("The session is over."),
        renewed: () => this.renewed(),
      },
    });
    this.asking = setInterval(() => this.connection.ask("session_info"), ASK_FIGURES_MS);
    await this.recorder.record();
  }

  take(frame) {
    this.buffer.push(frame);
    at("clock").textContent = clock(this.buffer.end / BYTES_PER_SECOND);
    this.connection.pump();
    if (this.buffer.isFull && !this.isPaused && !this.ending) {
      this.pause();
      notify("This page can hold no more without the server. It is paused; nothing is lost.", true);
    }
  }

  level(peak) {
    at("level").style.setProperty("--level", Math.min(1, Math.sqrt(peak) * 1.1));
    const now = performance.now();
    if (peak > QUIET_PEAK) this.loudAt = now;
    at("unheard").hidden = now - this.loudAt < QUIET_FOR_MS;
  }

  receive(body) {
    switch (body.type) {
      case "connected":
        this.conversationId = body.conversation_id;
        this.figures.connected(body.config, body.message);
        notify("");
        say(this.isPaused ? "Paused." : body.resumed ? "Connected again. Nothing was lost." : "Listening.");
        this.watch();
        break;
      case "transcript": {
        const segment = this.transcript.hear(body);
        if (segment) this.view.show(segment);
        this.figures.heard(body);
        break;
      }
      case "ack":
        this.figures.stored(body);
        break;
      case "session_info":
        this.figures.info(body);
        break;
      case "warning":
        this.figures.lagging(body);
        break;
      case "announcement":
      case "error":
        notify(body.message);
        break;
      case "session_ended":
        this.conversationId = body.conversation_id;
        this.finish("The session has ended.");
        break;
    }
  }

  watch() {
    this.watcher?.close();
    const { sessionId } = this.connection;
    this.watcher = new Watcher({
      open: () => this.access.socket(`/ws/sessions/${sessionId}/watch`, "read"),
      onMessage: (body) => this.overhear(body),
    });
  }

  overhear(body) {
    if (body.type === "segment_finalized" || body.type === "partial_segment") {
      const segment = this.transcript.catchUp(body.segment);
      if (segment) this.view.show(segment);
    } else if (body.type === "turn_updated") {
      for (const segment of this.transcript.turn(body.turn)) this.view.colour(segment);
    } else if (body.type === "analytics_snapshot") {
      this.figures.analysed(body, this.transcript.speakers);
    }
  }

  lost(seconds) {
    const kept = seconds < 1 ? "" : ` ${Math.round(seconds)} s of audio wait here.`;
    notify(`The connection is lost; trying again. Nothing is lost.${kept}`);
  }

  renewed() {
    this.watcher?.close();
    this.transcript.nextPart();
    this.view.remark("The server had ended the session. What was said since goes on in a new conversation.");
  }

  async pause() {
    this.isPaused = true;
    showPaused(true);
    await this.recorder.pause();
    this.take(new Uint8Array(SETTLING_S * BYTES_PER_SECOND));
    say("Paused.");
  }

  async resume() {
    this.isPaused = false;
    showPaused(false);
    await this.recorder.record();
    say("Listening.");
  }

  async end() {
    if (this.ending) return;
    this.ending = true;
    at("pause").disabled = at("end").disabled = true;
    say("Waiting for the last words…");
    await this.recorder.close();
    this.level(0);
    this.connection.end();
  }

  async finish(text, isBad = false) {
    clearInterval(this.asking);
    this.watcher?.close();
    await this.recorder.close();
    notify(isBad ? text : "", isBad);
    say(isBad ? "" : text);
    at("unheard").hidden = true;
    document.body.dataset.state = this.conversationId ? "after" : "setup";
    if (this.conversationId) this.follow();
    (this.conversationId ? at("after-title") : at("start")).focus();
  }

  follow() {
    at("after-analysis").hidden = false;
    at("review").href = `${this.access.origin}/conversations/${this.conversationId}`;
    if (this.access instanceof GivenTokens) return;
    const say = (text) => (at("analysis").textContent = text);
    say("The analysis is under way.");
    followAnalysis({ access: this.access, conversationId: this.conversationId, list: at("stages"), say });
  }
}

function say(text) {
  at("status").textContent = text;
}

function notify(text, isBad = false) {
  at("notice").textContent = text;
  at("notice").hidden = text === "";
  at("notice").classList.toggle("bad", isBad);
}

function showPaused(isPaused) {
  at("pause").textContent = isPaused ? "Go on" : "Pause";
  document.body.classList.toggle("paused", isPaused);
}

/** A page from a disk has the worklet's text in itself, and may load nothing but what its address says whole. */
function workletUrl() {
  return page.worklet || `data:text/javascript,${encodeURIComponent(at("worklet").textContent)}`;
}

function access() {
  if (!at("address")) return new Access({ origin: location.origin, key: at("key")?.value.trim(), csrf: page.csrf });
  const origin = new URL(at("address").value).origin;
  return new GivenTokens({ origin, tokens: { live: at("live-token").value.trim(), read: at("read-token").value.trim() } });
}

async function start(event) {
  event.preventDefault();
  at("start").disabled = true;
  notify("");
  say(chosenSource() === "file" ? "Reading the recording…" : "Asking for the microphone…");
  try {
    talk = new Talk(access(), at("language").value);
    await talk.open(chosenSource() === "file" ? at("file").files[0] : null);
    at("pause").disabled = at("end").disabled = false;
    showPaused(false);
    document.body.dataset.state = "talk";
    await talk.begin();
    at("pause").focus();
  } catch (error) {
    notify(error.name === "NotAllowedError" ? "The browser was not allowed to use the microphone." : error.message, true);
    say("");
  }
  at("start").disabled = false;
}

function again() {
  document.body.dataset.state = "setup";
  at("after-analysis").hidden = true;
  at("stages").replaceChildren();
  notify("");
  say("");
  at("start").focus();
}

function showSource() {
  at("file-field").hidden = chosenSource() !== "file";
  at("file").required = chosenSource() === "file";
}

at("controls").addEventListener("submit", start);
at("controls").addEventListener("change", showSource);
at("pause").addEventListener("click", () => (talk.isPaused ? talk.resume() : talk.pause()));
at("end").addEventListener("click", () => talk.end());
at("again").addEventListener("click", again);
addEventListener("beforeunload", (event) => {
  if (document.body.dataset.state === "talk") event.preventDefault();
});
showSource();
at("start").disabled = false;
