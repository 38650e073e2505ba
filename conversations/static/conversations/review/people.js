// Who spoke: talk time, when, and who broke in on whom.

import { at, clock, make } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const OVERLAP_S = 0.5; // as the live analytics count: less at once is how turns change hands
const BACKCHANNEL_S = 1.0; // a shorter turn over another's is listening aloud
const COLOURS = 6;

/** What a page calls speakers and in which colour, in the order in which they first spoke. */
export class Speakers {
  constructor(rows, segments) {
    this.rows = new Map(rows.map((row) => [row.label, row]));
    this.order = [...new Set(segments.map((segment) => segment.speaker_id).filter(Boolean))];
    for (const label of this.rows.keys()) if (!this.order.includes(label)) this.order.push(label);
  }

  /** A text of an engine, which knows speakers by their labels, with what they are called. */
  named(text) {
    return (text ?? "").replace(/\bSPEAKER_\d+\b/g, (label) => (this.rows.has(label) ? this.of(label).name : label));
  }

  of(label) {
    const row = this.rows.get(label);
    const number = Math.max(0, this.order.indexOf(label)) % COLOURS;
    return { known: Boolean(row), name: row?.name || plain(label), colour: `speaker-${number}`, row };
  }
}

function plain(label) {
  const number = /^SPEAKER_(\d+)$/.exec(label ?? "");
  return number ? `Speaker ${Number(number[1]) + 1}` : label ?? "";
}

/** Runs of segments of one voice: [{label, start, end, id}]. */
function spans(segments) {
  const found = [];
  for (const { speaker_id: label, start, end, id } of segments) {
    if (!label) continue;
    const last = found.at(-1);
    if (last && last.label === label && start - last.end < 1.5) last.end = Math.max(last.end, end);
    else found.push({ label, start, end, id });
  }
  return found;
}

export function interruptions(segments) {
  const found = [];
  const turns = spans(segments);
  for (let index = 1; index < turns.length; index += 1) {
    const [before, after] = [turns[index - 1], turns[index]];
    const both = Math.min(before.end, after.end) - after.start;
    if (before.label !== after.label && both >= OVERLAP_S && after.end - after.start >= BACKCHANNEL_S) {
      found.push({ at: after.start, by: after.label, of: before.label, id: after.id });
    }
  }
  return found;
}

export function showPeople(speakers, segments, { duration, timed, separate, rename, go }) {
  const root = at("people");
  if (!speakers.order.length) {
    root.replaceChildren(make("p", { class: "quiet" }, "Nobody was told apart."));
    return;
  }
  const list = speakers.order.map((label) => person(label, speakers, rename));
  const parts = [make("ul", { class: "people" }, ...list)];
  if (timed && duration > 0) {
    parts.push(lanes(speakers, segments, duration));
    parts.push(...brokenIn(speakers, interruptions(segments), { separate, go }));
  }
  root.replaceChildren(...parts);
}

function person(label, speakers, rename) {
  const { name, colour, row, known } = speakers.of(label);
  const share = row?.talk_ratio;
  const facts = [];
  if (row) {
    facts.push(clock(row.total_talk_time), `${row.num_turns} ${row.num_turns === 1 ? "turn" : "turns"}`);
  }
  const bar = document.createElementNS(SVG, "svg");
  bar.setAttribute("viewBox", "0 0 100 4");
  bar.setAttribute("preserveAspectRatio", "none");
  bar.setAttribute("aria-hidden", "true");
  bar.setAttribute("class", "share");
  bar.append(rect(0, 0, 100, 4, "rest"), rect(0, 0, Math.max(0, (share ?? 0) * 100), 4, "part"));
  return make(
    "li",
    { class: colour },
    make("span", { class: "dot", "aria-hidden": "true" }),
    make("span", { class: "name" }, name),
    known
      ? make("button", { type: "button", class: "plain", "aria-label": `Rename ${name}`, onclick: () => rename(label) }, "Rename")
      : null,
    make("span", { class: "percent" }, share === null || share === undefined ? "–" : `${Math.round(share * 100)} %`),
    bar,
    make("span", { class: "facts quiet" }, facts.join(" · ")),
  );
}

function rect(x, y, width, height, kind) {
  const shape = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries({ x, y, width, height, class: kind })) shape.setAttribute(name, value);
  return shape;
}

function lanes(speakers, segments, duration) {
  const tall = 14;
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", `0 0 1000 ${speakers.order.length * (tall + 4)}`);
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", "When each of them spoke, from the beginning to the end");
  picture.setAttribute("class", "lanes");
  for (const [row, label] of speakers.order.entries()) {
    const lane = document.createElementNS(SVG, "g");
    lane.setAttribute("class", speakers.of(label).colour);
    lane.append(rect(0, row * (tall + 4), 1000, tall, "rest"));
    for (const turn of spans(segments).filter((one) => one.label === label)) {
      const x = (turn.start / duration) * 1000;
      lane.append(rect(x, row * (tall + 4), Math.max(1, ((turn.end - turn.start) / duration) * 1000), tall, "part"));
    }
    picture.append(lane);
  }
  return make("figure", { class: "when-spoken" }, picture, make("figcaption", { class: "quiet" }, make("span", {}, "0:00"), make("span", {}, clock(duration))));
}

function brokenIn(speakers, found, { separate, go }) {
  if (!found.length) {
    const why = separate ? "" : " From one channel, speech over somebody is not told apart, so there may have been some.";
    return [make("p", { class: "quiet small" }, `No interruption was found.${why}`)];
  }
  const items = found.map(({ at: seconds, by, of, id }) =>
    make(
      "li",
      {},
      make("button", { type: "button", class: "evidence", onclick: () => go({ segment_id: id, start: seconds }) },
        make("span", { class: "moment" }, clock(seconds)), ` ${speakers.of(by).name} over ${speakers.of(of).name}`),
    ),
  );
  const title = `${found.length} ${found.length === 1 ? "interruption" : "interruptions"}`;
  return [make("details", {}, make("summary", {}, title), make("ul", { class: "plain-list" }, ...items))];
}
