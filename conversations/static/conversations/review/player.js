// The recording: play, seek, and its outline coloured by who speaks. The audio itself comes in ranges, as needed.

import { address, call } from "./api.js";
import { at, breathe, clock } from "./dom.js";

const STEP_S = 5;
const PAGE_S = 60;
const ASK_AGAIN_MS = 1000;

export class Player {
  /** `onTime(seconds)` is called while it plays, and after every seek. */
  constructor(onTime) {
    this.audio = at("audio");
    this.wave = at("wave");
    this.canvas = at("wave-canvas");
    this.onTime = onTime;
    this.duration = 0;
    this.peaks = [];
    this.voices = [];
    this.picture = null;
    this.there = false;
    this.listen();
  }

  async open(links, duration) {
    this.duration = duration;
    at("length").textContent = clock(duration);
    this.wave.setAttribute("aria-valuemax", String(Math.round(duration)));
    if (this.there) return;
    this.there = true;
    this.audio.src = address(links.audio);
    at("player").hidden = false;
    this.tell();
    await this.outline(links.audio.replace(/audio$/, "waveform"));
  }

  /** Asked for again while a worker draws it; without it everything else works. */
  async outline(path) {
    try {
      for (let tries = 0; tries < 60; tries += 1) {
        const { status, answer } = await call("GET", path);
        if (status === 200) {
          this.peaks = answer.peaks;
          at("wave-note").textContent = "";
          this.paint();
          return;
        }
        at("wave-note").textContent = "The outline is being drawn…";
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      }
      at("wave-note").textContent = "";
    } catch {
      at("wave-note").textContent = "There is no outline of this recording.";
    }
  }

  /** Who speaks when: [{start, end, colour}], `colour` the name of a custom property. */
  async colour(voices) {
    this.voices = voices;
    await breathe();
    this.paint();
  }

  get playing() {
    return !this.audio.paused;
  }

  seek(seconds, { play = false } = {}) {
    if (!this.there) return;
    this.audio.currentTime = Math.min(Math.max(0, seconds), Math.max(0, this.duration - 0.05));
    if (play) this.play();
    this.tell();
  }

  play() {
    // A refusal (no gesture yet) leaves it paused, which the button shows.
    this.audio.play().catch(() => {});
  }

  toggle() {
    if (this.playing) this.audio.pause();
    else this.play();
  }

  listen() {
    const { audio, wave } = this;
    at("play").addEventListener("click", () => this.toggle());
    at("speed").addEventListener("change", (event) => {
      audio.playbackRate = Number(event.target.value);
    });
    for (const name of ["play", "pause", "ended"]) audio.addEventListener(name, () => this.button());
    for (const name of ["timeupdate", "seeked", "loadedmetadata"]) audio.addEventListener(name, () => this.tell());
    audio.addEventListener("play", () => this.tick());
    audio.addEventListener("error", () => {
      at("wave-note").textContent = "This recording cannot be played here.";
    });
    const seekTo = (event) => {
      const box = wave.getBoundingClientRect();
      this.seek(((event.clientX - box.left) / box.width) * this.duration);
    };
    wave.addEventListener("pointerdown", (event) => {
      wave.setPointerCapture(event.pointerId);
      seekTo(event);
    });
    wave.addEventListener("pointermove", (event) => {
      if (wave.hasPointerCapture(event.pointerId)) seekTo(event);
    });
    wave.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -STEP_S, ArrowDown: -STEP_S, ArrowRight: STEP_S, ArrowUp: STEP_S };
      by.PageDown = -PAGE_S;
      by.PageUp = PAGE_S;
      if (event.key in by) this.seek(audio.currentTime + by[event.key]);
      else if (event.key === "Home") this.seek(0);
      else if (event.key === "End") this.seek(this.duration);
      else return;
      event.preventDefault();
    });
    new ResizeObserver(() => this.paint()).observe(wave);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
  }

  button() {
    at("play").setAttribute("aria-label", this.playing ? "Pause" : "Play");
    at("player").classList.toggle("playing", this.playing);
  }

  tick() {
    if (!this.playing) return;
    this.tell();
    requestAnimationFrame(() => this.tick());
  }

  tell() {
    const now = this.audio.currentTime;
    if (now === this.told && this.drawn) return;
    this.told = now;
    const text = clock(now);
    if (at("at").textContent !== text) {
      at("at").textContent = text;
      this.wave.setAttribute("aria-valuenow", String(Math.floor(now)));
      this.wave.setAttribute("aria-valuetext", `${text} of ${clock(this.duration)}`);
    }
    this.draw();
    this.onTime(now);
  }

  /** The outline as a picture of its own, once for each size and set of colours. */
  paint() {
    const ratio = devicePixelRatio || 1;
    const width = Math.round(this.wave.clientWidth * ratio);
    const height = Math.round(this.wave.clientHeight * ratio);
    if (!width || !height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.picture = null;
    this.ink = getComputedStyle(this.wave).color;
    if (this.peaks.length) {
      this.picture = new OffscreenCanvas(width, height);
      const pen = this.picture.getContext("2d");
      const style = getComputedStyle(this.wave);
      const colours = new Map();
      const colourOf = (name) => {
        if (!colours.has(name)) colours.set(name, style.getPropertyValue(name).trim());
        return colours.get(name);
      };
      const loudest = Math.max(24, ...this.peaks);
      const bar = Math.max(1, Math.round(2 * ratio));
      const step = bar + Math.max(1, Math.round(ratio));
      let voice = 0;
      for (let x = 0; x < width; x += step) {
        const from = Math.floor((x / width) * this.peaks.length);
        const to = Math.max(from + 1, Math.ceil(((x + step) / width) * this.peaks.length));
        let peak = 0;
        for (let index = from; index < to && index < this.peaks.length; index += 1) {
          peak = Math.max(peak, this.peaks[index]);
        }
        const seconds = ((x + bar / 2) / width) * this.duration;
        while (voice < this.voices.length && this.voices[voice].end < seconds) voice += 1;
        const speaks = this.voices[voice] && this.voices[voice].start <= seconds;
        pen.fillStyle = colourOf(speaks ? this.voices[voice].colour : "--edge");
        const tall = Math.max(bar, Math.sqrt(peak / loudest) * (height - 4 * ratio));
        pen.beginPath();
        pen.roundRect(x, (height - tall) / 2, bar, tall, bar / 2);
        pen.fill();
      }
    }
    this.drawn = false;
    this.draw();
  }

  draw() {
    const { canvas } = this;
    const pen = canvas.getContext("2d");
    const x = this.duration ? (this.audio.currentTime / this.duration) * canvas.width : 0;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (this.picture) {
      pen.globalAlpha = 0.42;
      pen.drawImage(this.picture, 0, 0);
      pen.globalAlpha = 1;
      const played = Math.max(1, Math.round(x));
      pen.clearRect(0, 0, played, canvas.height);
      pen.drawImage(this.picture, 0, 0, played, canvas.height, 0, 0, played, canvas.height);
    }
    pen.fillStyle = this.ink;
    pen.fillRect(Math.min(canvas.width - 2, Math.round(x)), 0, Math.max(2, devicePixelRatio || 1), canvas.height);
    this.drawn = true;
  }
}
