// The words on the page. A segment is one element from its first partial to its final, so nothing jumps.

import { clock, speakerName } from "./transcript.js";

const COLOURS = 6;
const NEAR_THE_END_PX = 160;

export class TranscriptView {
  /** `list`: an <ol>; `spoken`: where a screen reader hears finals; `toEnd`: a button back to the newest words. */
  constructor({ list, spoken, toEnd, transcript }) {
    Object.assign(this, { list, spoken, toEnd, transcript });
    this.lines = new Map();
    this.follows = true;
    toEnd.addEventListener("click", () => this.scrollToEnd());
    addEventListener("scroll", () => this.noteScroll(), { passive: true });
  }

  show(segment) {
    const line = this.lines.get(segment.key) ?? this.add(segment);
    line.item.hidden = segment.text === "";
    const letters = Array.from(segment.text); // code points, as stable_chars counts them
    line.stable.textContent = letters.slice(0, segment.stable).join("");
    line.tail.textContent = letters.slice(segment.stable).join("");
    line.item.classList.toggle("open", !segment.isFinal);
    this.colour(segment);
    if (segment.isFinal && segment.text) this.announce(segment);
    if (this.follows) this.scrollToEnd();
  }

  add(segment) {
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.textContent = clock(segment.start);
    const who = document.createElement("p");
    who.className = "speaker";
    const text = document.createElement("p");
    text.className = "words";
    const stable = document.createElement("span");
    const tail = document.createElement("span");
    tail.className = "tail";
    text.append(stable, tail);
    item.append(time, who, text);
    const line = { item, who, stable, tail };
    this.lines.set(segment.key, line);
    this.list.append(item);
    return line;
  }

  /** Who speaks is said where it changes; the colour runs through the turn. */
  colour(segment) {
    const line = this.lines.get(segment.key);
    const { speakers } = this.transcript;
    line.item.dataset.by = segment.speaker ?? "";
    line.item.dataset.speaker = segment.speaker === null ? "" : speakers.indexOf(segment.speaker) % COLOURS;
    line.who.textContent = segment.speaker === null ? "" : speakerName(segment.speaker, speakers);
    for (const item of [line.item, line.item.nextElementSibling]) {
      if (item) item.classList.toggle("same", item.previousElementSibling?.dataset.by === item.dataset.by);
    }
  }

  announce(segment) {
    const who = segment.speaker === null ? "" : `${speakerName(segment.speaker, this.transcript.speakers)}: `;
    const said = document.createElement("p");
    said.textContent = who + segment.text;
    this.spoken.append(said);
    while (this.spoken.children.length > 3) this.spoken.firstChild.remove();
  }

  /** A line of the page's own between the words. */
  remark(text) {
    const item = document.createElement("li");
    item.className = "remark";
    item.textContent = text;
    this.list.append(item);
  }

  noteScroll() {
    const left = document.documentElement.scrollHeight - innerHeight - scrollY;
    this.follows = left < NEAR_THE_END_PX;
    this.toEnd.hidden = this.follows;
  }

  scrollToEnd() {
    this.follows = true;
    this.toEnd.hidden = true;
    scrollTo(0, document.documentElement.scrollHeight);
  }
}
