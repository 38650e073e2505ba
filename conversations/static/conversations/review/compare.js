// Two versions of the same talk side by side: cut where both pause, word by word within.

import { breathe, clock, make } from "./dom.js";

const ROWS_AT_ONCE = 80;
const MOST_CELLS = 4_000_000;

/** Pieces [{start, live: [segment], final: [segment]}] whose edges no segment of either version crosses. */
export function aligned(live, final) {
  const all = [
    ...live.map((segment) => ({ side: "live", segment })),
    ...final.map((segment) => ({ side: "final", segment })),
  ].sort((a, b) => a.segment.start - b.segment.start);
  const pieces = [];
  let end = -Infinity;
  for (const { side, segment } of all) {
    if (segment.start >= end - 0.05) pieces.push({ start: segment.start, live: [], final: [] });
    pieces.at(-1)[side].push(segment);
    end = Math.max(end, segment.end);
  }
  return pieces;
}

const words = (segments) => segments.flatMap((segment) => segment.text.split(/\s+/).filter(Boolean));
const folded = (word) => word.toLowerCase().replace(/[^\p{L}\p{N}']/gu, "") || word;

/** The words of both with what they share: the longest common subsequence, capitals and signs apart.
 * Returns [left, right] of {word, same}. */
export function differences(left, right) {
  const a = left.map(folded);
  const b = right.map(folded);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const sameLeft = a.map((_, index) => index < head || index >= a.length - tail);
  const sameRight = b.map((_, index) => index < head || index >= b.length - tail);
  const n = a.length - head - tail;
  const m = b.length - head - tail;
  if (n && m && n * m <= MOST_CELLS) {
    const wide = m + 1;
    const longest = new Uint16Array((n + 1) * wide);
    for (let i = n - 1; i >= 0; i -= 1) {
      for (let j = m - 1; j >= 0; j -= 1) {
        longest[i * wide + j] =
          a[head + i] === b[head + j]
            ? longest[(i + 1) * wide + j + 1] + 1
            : Math.max(longest[(i + 1) * wide + j], longest[i * wide + j + 1]);
      }
    }
    for (let i = 0, j = 0; i < n && j < m; ) {
      if (a[head + i] === b[head + j]) {
        sameLeft[head + i] = sameRight[head + j] = true;
        i += 1;
        j += 1;
      } else if (longest[(i + 1) * wide + j] >= longest[i * wide + j + 1]) i += 1;
      else j += 1;
    }
  }
  return [
    left.map((word, index) => ({ word, same: sameLeft[index] })),
    right.map((word, index) => ({ word, same: sameRight[index] })),
  ];
}

function cell(side, marked, tag) {
  const pieces = [];
  let run = [];
  let same = true;
  const close = () => {
    if (run.length) pieces.push(same ? run.join(" ") : make(tag, {}, run.join(" ")), " ");
    run = [];
  };
  for (const { word, same: now } of marked) {
    if (now !== same) close();
    same = now;
    run.push(word);
  }
  close();
  return make("td", { class: side, "data-side": side === "live" ? "Live" : "Final" }, ...pieces);
}

/** Draws the comparison; returns how many words differ: {only_live, only_final, words}. */
export async function showComparison(root, live, final, { timed, seek }) {
  const body = make("tbody");
  const head = make(
    "tr",
    {},
    make("th", { scope: "col" }, "At"),
    make("th", { scope: "col" }, "Heard live"),
    make("th", { scope: "col" }, "Final"),
  );
  const table = make("table", {}, make("thead", {}, head), body);
  const note = make("p", { class: "quiet", role: "status" }, "Comparing…");
  root.replaceChildren(note, table);
  const count = { live: 0, final: 0, words: 0 };
  const pieces = aligned(live, final);
  for (let index = 0; index < pieces.length; index += ROWS_AT_ONCE) {
    for (const piece of pieces.slice(index, index + ROWS_AT_ONCE)) {
      const [left, right] = differences(words(piece.live), words(piece.final));
      count.live += left.filter(({ same }) => !same).length;
      count.final += right.filter(({ same }) => !same).length;
      count.words += right.length;
      const moment = timed
        ? make("button", { type: "button", class: "when", onclick: () => seek(piece.start, { play: true }) }, clock(piece.start))
        : "";
      body.append(make("tr", {}, make("th", { scope: "row" }, moment), cell("live", left, "del"), cell("final", right, "ins")));
    }
    await breathe();
  }
  note.textContent =
    count.live + count.final
      ? `${count.live} ${count.live === 1 ? "word" : "words"} of the live version and ${count.final} of the final one (of ${count.words}) are not in the other.`
      : "Both versions have the same words.";
}
