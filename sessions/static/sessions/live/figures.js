// The server's own figures beside the words: delay, lag, what is stored, which recogniser, who spoke how long.

import { clock, speakerName } from "./transcript.js";

const RECENT = 5;
const LAG_IS_OLD_MS = 12_000; // a warning comes at most every 10 s; without another the server has caught up
const EMBEDDED = "pocketsphinx";

export class Figures {
  /** `at(id)` gives an element. */
  constructor(at) {
    this.at = at;
    this.delays = [];
  }

  connected({ engine, whisper_model: model }, message) {
    this.at("engine").textContent = engine === null ? message : engine;
    this.at("model").textContent = model ?? "";
    this.at("embedded").hidden = engine !== EMBEDDED;
  }

  /** `latency_ms`: from the receipt of the last audio that the text covers to its sending. */
  heard({ latency_ms: delay }) {
    if (delay === null) return;
    this.delays = [...this.delays, delay].slice(-RECENT);
    const middle = [...this.delays].sort((a, b) => a - b)[this.delays.length >> 1];
    this.at("delay").textContent = middle < 1000 ? `${Math.round(middle)} ms` : `${(middle / 1000).toFixed(1)} s`;
    if (this.at("lag").textContent === "–") this.at("lag").textContent = "none";
  }

  lagging({ lag_seconds: lag }) {
    this.at("lag").textContent = `${lag.toFixed(1)} s`;
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => (this.at("lag").textContent = "none"), LAG_IS_OLD_MS);
  }

  stored({ audio_seconds: seconds }) {
    this.at("stored").textContent = clock(seconds);
  }

  info({ metrics }) {
    const factor = metrics.real_time_factor;
    this.at("factor").textContent = factor === null ? "–" : factor < 0.01 ? "< 0.01 ×" : `${factor.toFixed(2)} ×`;
  }

  analysed({ speakers }, known) {
    const told = speakers.filter((one) => known.includes(one.speaker_id));
    this.at("talk-time").hidden = told.length === 0;
    this.at("shares").replaceChildren(...told.map((one) => share(one, known)));
  }
}

function share({ speaker_id: label, talk_ratio: ratio, total_talk_time: seconds }, known) {
  const item = document.createElement("li");
  item.dataset.speaker = known.indexOf(label) % 6;
  const name = document.createElement("span");
  name.textContent = speakerName(label, known);
  const time = document.createElement("span");
  time.textContent = clock(seconds);
  const bar = document.createElement("span");
  bar.className = "share";
  bar.style.setProperty("--share", ratio);
  item.append(name, time, bar);
  return item;
}
