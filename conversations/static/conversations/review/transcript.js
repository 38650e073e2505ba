// The words by turns. A line is plain text with its names marked; the word that is spoken, quotes and what was
// searched for are painted over it (CSS custom highlights), so that following a recording changes no element.
// Turns that are out of sight are neither laid out nor painted (`content-visibility`).

import { breathe, clock, make } from "./dom.js";

const TURNS_AT_ONCE = 60;
const CAN_PAINT = typeof Highlight === "function" && CSS.highlights !== undefined;
const BY_HAND_MS = 5000;

export class Transcript {
  /** `on`: {seek(seconds, {play}), rename(label), correct(segment, text) → segment}. */
  constructor(root, on) {
    this.root = root;
    this.on = on;
    this.lines = new Map();
    this.segments = [];
    this.now = null;
    this.byHandUntil = 0;
    this.drawing = 0;
    this.hits = [];
    this.listen();
  }

  /** Draws turns of `segments`; a call that comes meanwhile takes the place of this one. */
  async show(segments, { entities = [], speakers, timed }) {
    const drawing = (this.drawing += 1);
    this.segments = segments;
    this.speakers = speakers;
    this.timed = timed;
    this.lines = new Map();
    this.now = null;
    this.paint("spoken", []);
    this.paint("quote", []);
    const named = Map.groupBy ? Map.groupBy(entities, (e) => e.segment_id) : grouped(entities);
    this.root.replaceChildren();
    const turns = turnsOf(segments);
    for (let index = 0; index < turns.length; index += TURNS_AT_ONCE) {
      const some = turns.slice(index, index + TURNS_AT_ONCE).map((turn) => this.turn(turn, named));
      this.root.append(...some);
      await breathe();
      if (drawing !== this.drawing) return;
    }
    const first = this.root.querySelector(".when");
    if (first) first.tabIndex = 0;
  }

  get editing() {
    return this.root.querySelector("textarea") !== null;
  }

  turn(segments, named) {
    const { speaker_id: label } = segments[0];
    const speaker = this.speakers.of(label);
    const lines = segments.map((segment) => this.line(segment, named.get(segment.id) ?? []));
    if (!label) return make("div", { class: "turn" }, ...lines);
    const name = speaker.known
      ? make("button", { type: "button", class: "name", "data-label": label, title: "Rename" }, speaker.name)
      : make("span", { class: "name", "data-label": label }, speaker.name);
    return make("div", { class: `turn ${speaker.colour}` }, make("h3", {}, name), ...lines);
  }

  line(segment, entities) {
    const said = make("span", { class: "said" }, ...marked(segment.text, entities));
    const line = make(
      "div",
      { class: "line", "data-id": segment.id },
      this.timed
        ? make(
            "button",
            { type: "button", class: "when", tabindex: "-1", "aria-label": `Play from ${clock(segment.start)}` },
            clock(segment.start),
          )
        : make("span", { class: "when" }, String(segment.id + 1)),
      make("div", { class: "what" }, said, heardAs(segment)),
      make("button", { type: "button", class: "correct plain", "aria-label": `Correct: ${short(segment.text)}` }, "Correct"),
    );
    this.lines.set(segment.id, { segment, line, said });
    return line;
  }

  listen() {
    this.root.addEventListener("click", (event) => {
      const line = event.target.closest(".line");
      if (event.target.closest("button.name")) this.on.rename(event.target.closest(".name").dataset.label);
      if (!line) return;
      this.root.querySelector(".chosen")?.classList.remove("chosen");
      line.classList.add("chosen"); // where nothing hovers, this is how a line shows what can be done with it
      const { segment } = this.lines.get(Number(line.dataset.id));
      if (event.target.closest("button.when")) this.on.seek(segment.start, { play: true });
      else if (event.target.closest("button.correct")) this.correct(segment);
      else if (event.target.closest(".said") && getSelection().isCollapsed) {
        this.on.seek(this.timeUnder(event, segment), {});
      }
    });
    this.root.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!by || !event.target.matches("button.when")) return;
      const all = [...this.root.querySelectorAll("button.when")];
      const next = all[all.indexOf(event.target) + by];
      if (!next) return;
      event.preventDefault();
      event.target.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
    for (const name of ["wheel", "touchmove"]) {
      addEventListener(name, () => (this.byHandUntil = Date.now() + BY_HAND_MS), { passive: true });
    }
  }

  // --- following ---

  follow(seconds, { scroll }) {
    if (!this.timed) return;
    const segment = this.segmentAt(seconds);
    if (segment?.id !== this.now?.segment.id) {
      this.now?.line.classList.remove("now");
      this.now = segment ? this.lines.get(segment.id) ?? null : null;
      this.now?.line.classList.add("now");
      if (this.now && scroll && Date.now() > this.byHandUntil) this.bring(this.now.line, { onlyIfAway: true });
    }
    if (this.now) this.paintWord(this.now, seconds);
    else this.paint("spoken", []);
  }

  /** The last segment that has begun; in a pause it stays. */
  segmentAt(seconds) {
    let low = 0;
    let high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.segments[middle].start <= seconds + 0.01) low = middle + 1;
      else high = middle;
    }
    return this.segments[low - 1] ?? null;
  }

  paintWord(entry, seconds) {
    const place = placesOf(entry.segment).find((word) => seconds >= word.start - 0.01 && seconds < word.end);
    const id = place ? `${entry.segment.id}:${place.from}` : "";
    if (id === this.spoken) return;
    this.spoken = id;
    this.paint("spoken", place ? [rangeIn(entry.said, place.from, place.to)] : []);
  }

  timeUnder(event, segment) {
    const { said } = this.lines.get(segment.id);
    const offset = offsetAt(said, event.clientX, event.clientY);
    const places = placesOf(segment);
    return places.find((word) => offset !== null && offset <= word.to)?.start ?? segment.start;
  }

  paint(name, ranges) {
    if (name === "spoken" && !ranges.length) this.spoken = "";
    if (CAN_PAINT) CSS.highlights.set(name, new Highlight(...ranges.filter(Boolean)));
  }

  bring(line, { onlyIfAway = false } = {}) {
    const top = document.querySelector(".player").getBoundingClientRect().bottom;
    const box = line.getBoundingClientRect();
    if (onlyIfAway && box.top > top + 8 && box.bottom < innerHeight * 0.8) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches || Math.abs(box.top) > innerHeight * 3;
    line.scrollIntoView({ block: "center", behavior: still ? "instant" : "smooth" });
    // What comes into sight is laid out only then, and may push the line away again.
    if (still) requestAnimationFrame(() => line.scrollIntoView({ block: "center", behavior: "instant" }));
  }

  // --- going to a place ---

  /** Shows a segment, with a quote in it painted; false where this version has none of that number. */
  go(segmentId, quote) {
    const entry = this.lines.get(segmentId);
    if (!entry) return false;
    const from = quote ? entry.segment.text.toLowerCase().indexOf(quote.toLowerCase()) : -1;
    const [first, last] = from < 0 ? [0, entry.segment.text.length] : [from, from + quote.length];
    this.paint("quote", [rangeIn(entry.said, first, last)]);
    this.bring(entry.line);
    return true;
  }

  /** Paints what is looked for; returns how many times it stands there. */
  find(text) {
    this.hits = [];
    const wanted = text.trim();
    if (wanted) {
      this.hits = this.search([wanted]);
      if (!this.hits.length) this.hits = this.search(wanted.replace(/"|-\S+/g, " ").split(/\s+/).filter(Boolean));
    }
    this.paint("found", this.hits.map(({ said, from, to }) => rangeIn(said, from, to)));
    this.hit = -1;
    return this.hits.length;
  }

  search(terms) {
    if (!terms.length) return [];
    const pattern = new RegExp(terms.map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "giu");
    const hits = [];
    for (const { segment, said, line } of this.lines.values()) {
      for (const match of segment.text.matchAll(pattern)) {
        if (match[0]) hits.push({ said, line, from: match.index, to: match.index + match[0].length });
      }
    }
    return hits;
  }

  nextHit(by) {
    if (!this.hits.length) return 0;
    this.hit = (this.hit + by + this.hits.length + (this.hit < 0 && by < 0 ? 1 : 0)) % this.hits.length;
    const { said, line, from, to } = this.hits[this.hit];
    this.paint("quote", [rangeIn(said, from, to)]);
    this.bring(line);
    return this.hit + 1;
  }

  // --- changing ---

  correct(segment) {
    const { line, said } = this.lines.get(segment.id);
    if (line.querySelector("textarea")) return;
    const box = make("textarea", { rows: "3", maxlength: "10000", "aria-label": "What was said" });
    box.value = segment.text;
    const fault = make("p", { class: "notice bad", role: "alert", hidden: true });
    const close = () => {
      form.remove();
      said.parentElement.hidden = false;
      line.querySelector(".correct").focus();
    };
    const form = make(
      "form",
      { class: "stack" },
      box,
      fault,
      make(
        "div",
        { class: "row" },
        make("button", { class: "first" }, "Save"),
        make("button", { type: "button", onclick: close }, "Cancel"),
      ),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const changed = await this.on.correct(segment, box.value.trim());
        Object.assign(segment, changed, { speaker_name: segment.speaker_name, places: null });
        close();
        said.replaceChildren(segment.text);
        said.parentElement.replaceChildren(said, ...[heardAs(segment)].filter(Boolean));
      } catch (error) {
        fault.textContent = error.message;
        fault.hidden = false;
      }
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    said.parentElement.hidden = true;
    said.parentElement.after(form);
    box.focus();
  }

  rename(label, name) {
    for (const place of this.root.querySelectorAll(".name")) {
      if (place.dataset.label === label) place.textContent = name;
    }
  }
}

function grouped(entities) {
  const groups = new Map();
  for (const entity of entities) groups.set(entity.segment_id, [...(groups.get(entity.segment_id) ?? []), entity]);
  return groups;
}

export function turnsOf(segments) {
  const turns = [];
  for (const segment of segments) {
    const last = turns.at(-1);
    if (last && last[0].speaker_id === segment.speaker_id && last.length < 12) last.push(segment);
    else turns.push([segment]);
  }
  return turns;
}

const short = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

function heardAs(segment) {
  if (!segment.is_corrected) return null;
  return make("details", { class: "was" }, make("summary", {}, "corrected"), make("p", {}, `Heard: ${segment.original_text}`));
}

/** The text in pieces, names as <mark>. `start` and `end` of an entity are code points; one whose words are not
 * there (any more: the line was corrected) is left out. */
function marked(text, entities) {
  const letters = /[\u{10000}-\u{10ffff}]/u.test(text) ? Array.from(text) : null;
  const cut = (from, to) => (letters ? letters.slice(from, to).join("") : text.slice(from, to));
  const pieces = [];
  let done = 0;
  for (const entity of [...entities].sort((a, b) => a.start - b.start)) {
    if (entity.start < done || cut(entity.start, entity.end) !== entity.text) continue;
    pieces.push(cut(done, entity.start));
    const kind = entity.label.toLowerCase().replaceAll("_", " ");
    pieces.push(make("mark", { class: "entity", title: kind, "data-kind": entity.label }, entity.text));
    done = entity.end;
  }
  pieces.push(cut(done, undefined));
  return pieces.filter((piece) => piece !== "");
}

/** Where each word of a segment stands in its text, found in order; of a corrected line nothing is known, since
 * its times are of other words. */
function placesOf(segment) {
  if (segment.places) return segment.places;
  segment.places = [];
  if (segment.is_corrected) return segment.places;
  const folded = segment.text.toLowerCase();
  const text = folded.length === segment.text.length ? folded : segment.text;
  let done = 0;
  for (const { word, start, end } of segment.words) {
    const wanted = word.trim();
    const from = text.indexOf(text === folded ? wanted.toLowerCase() : wanted, done);
    if (!wanted || from < 0) continue;
    done = from + wanted.length;
    segment.places.push({ from, to: done, start, end });
  }
  return segment.places;
}

/** A range over letters of an element whose text lies in several nodes. */
function rangeIn(element, from, to) {
  const range = new Range();
  const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let passed = 0;
  let begun = false;
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const end = passed + node.length;
    if (!begun && from < end) {
      range.setStart(node, from - passed);
      begun = true;
    }
    if (begun && to <= end) {
      range.setEnd(node, to - passed);
      return range;
    }
    passed = end;
  }
  return null;
}

/** The letter of an element that is under a point; null where none is. */
function offsetAt(element, x, y) {
  let node = null;
  let offset = 0;
  if (document.caretPositionFromPoint) {
    const place = document.caretPositionFromPoint(x, y);
    node = place?.offsetNode;
    offset = place?.offset ?? 0;
  } else if (document.caretRangeFromPoint) {
    const place = document.caretRangeFromPoint(x, y);
    node = place?.startContainer;
    offset = place?.startOffset ?? 0;
  }
  if (!node || !element.contains(node)) return null;
  const before = new Range();
  before.setStart(element, 0);
  before.setEnd(node, offset);
  return before.toString().length;
}
