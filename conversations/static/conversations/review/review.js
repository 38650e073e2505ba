// The page of one conversation: loads what there is, shows it, and looks again while work on it is under way.

import { address, all, call, get } from "./api.js";
import { at, chip, clock, languageName, make, say, when } from "./dom.js";
import { ask, openErase, openRename, openRerun, stop } from "./actions.js";
import { showComparison } from "./compare.js";
import {
  showAnswers,
  showCategory,
  showEntities,
  showProgress,
  showQuality,
  showStages,
  showSummary,
  whyNothing,
} from "./findings.js";
import { showPeople, Speakers } from "./people.js";
import { Player } from "./player.js";
import { Transcript } from "./transcript.js";

const LOOK_AGAIN_MS = 1500;
const WORDS_OF = ["transcription", "diarization"]; // stages that make a version of the words
const SOURCES = { live: "live session", upload: "recording", text: "text" };

const root = `/api/v1/conversations/${document.body.dataset.conversation}`;
const state = { conversation: null, transcript: null, shown: null, speakers: null, answers: [], entities: [] };
const seek = (seconds, options) => player.seek(seconds, options);
const player = new Player((seconds) => transcript.follow(seconds, { scroll: at("follow").checked && player.playing }));
const transcript = new Transcript(at("turns"), { seek, rename: (label) => rename(label), correct });

// --- loading ---

async function load() {
  const before = state.conversation;
  const conversation = await get(root);
  state.conversation = conversation;
  showHead(conversation);
  showProgress(conversation);
  if (!before || finished(before) !== finished(conversation)) await loadFindings(before);
  if (isBusy(conversation)) setTimeout(() => load().catch(failed), document.hidden ? 4 * LOOK_AGAIN_MS : LOOK_AGAIN_MS);
}

const isBusy = ({ status }) => status === "pending" || status === "processing";
const ended = (conversation, names) =>
  (conversation?.run?.stages ?? [])
    .filter((stage) => !names || names.includes(stage.name))
    .filter((stage) => !["pending", "running"].includes(stage.status))
    .map((stage) => stage.name)
    .join();
const finished = (conversation) => `${conversation.run?.number} ${conversation.status} ${ended(conversation)}`;
const isTimed = () => state.conversation.source !== "text";

async function loadFindings(before) {
  const { conversation } = state;
  const { links } = conversation;
  const [entities, answers, quality] = await Promise.all([
    all(links.entities),
    all(links.questions),
    mayHave("quality") ? get(links.quality).catch(noneYet) : null,
  ]);
  Object.assign(state, { entities, answers, quality });
  const wordsChanged =
    !before ||
    before.run?.number !== conversation.run?.number ||
    ended(before, [...WORDS_OF, "entities"]) !== ended(conversation, [...WORDS_OF, "entities"]);
  if (wordsChanged && !transcript.editing) {
    state.transcript = await get(links.transcript);
    if (links.audio) player.open(links, conversation.duration || state.transcript.duration);
    await showVersion(state.shown === "both" ? "both" : state.transcript.version);
  } else showAll();
}

/** Whether this run or an earlier one may have a result of a stage. */
function mayHave(name) {
  const { run } = state.conversation;
  return run && (run.number > 1 || run.stages.some((stage) => stage.name === name && stage.status === "succeeded"));
}

function noneYet(error) {
  if (error.status === 404) return null;
  throw error;
}

function showHead(conversation) {
  const name = conversation.title || conversation.session_id || `Conversation ${conversation.id.slice(0, 8)}`;
  at("title").textContent = name;
  document.title = `${name} – Ambient`;
  const facts = [
    SOURCES[conversation.source],
    conversation.source === "text" ? null : clock(conversation.duration),
    languageName(conversation.language),
  ];
  at("meta").replaceChildren(chip(conversation.status), ...facts.filter(Boolean).map((fact) => make("span", {}, fact)), when(conversation.created_at));
  at("actions").hidden = false;
  at("again").hidden = isBusy(conversation);
  at("cancel").hidden = !isBusy(conversation) || !conversation.run;
  showStages(conversation.run);
}

// --- showing ---

async function showVersion(version) {
  const { conversation } = state;
  const { links } = conversation;
  const both = conversation.source === "live" && state.transcript.version === "final";
  state.shown = version;
  at("versions").hidden = !both;
  for (const button of at("versions").children) {
    button.setAttribute("aria-pressed", String(button.dataset.version === version));
  }
  at("turns").hidden = version === "both";
  at("comparison").hidden = version !== "both";
  at("find").hidden = version === "both";
  const main = state.transcript;
  const words = version === "live" && main.version !== "live" ? await get(links.transcript, { version: "live" }) : main;
  const rows = await all(links.speakers, { version: words.version });
  state.words = words;
  state.speakers = new Speakers(rows, words.segments);
  for (const link of at("export").querySelectorAll("a")) {
    link.href = address(links.transcript, { format: link.dataset.format, version: words.version });
    link.hidden = conversation.source === "text" && ["srt", "vtt"].includes(link.dataset.format);
  }
  const entities = words === main ? state.entities : [];
  at("no-words").hidden = words.segments.length > 0;
  at("no-words").textContent = isBusy(conversation) ? "The words are not there yet." : "No words were heard.";
  showAll();
  const voices = words.segments.filter((segment) => segment.speaker_id);
  player.colour(voices.map(({ start, end, speaker_id: label }) => ({ start, end, colour: `--${state.speakers.of(label).colour}` })));
  if (version === "both") {
    const live = await get(links.transcript, { version: "live" });
    await showComparison(at("comparison"), live.segments, main.segments, { timed: isTimed(), seek });
  } else {
    await transcript.show(words.segments, { entities, speakers: state.speakers, timed: isTimed() });
    find(at("find-text").value, { go: false });
  }
}

function showAll() {
  const { conversation, speakers, words } = state;
  if (!words) return;
  const { run } = conversation;
  const starts = new Map(state.transcript.segments.map((segment) => [segment.id, segment.start]));
  const about = { go, timed: isTimed(), startOf: (id) => starts.get(id), speakers };
  const diarized = run?.stages.find((stage) => stage.name === "diarization");
  showSummary(conversation.summary, { ...about, why: whyNothing(run, "summary") });
  showCategory(conversation.classification, whyNothing(run, "classification"));
  showAnswers(state.answers, { ...about, why: whyNothing(run, "qa") });
  showQuality(state.quality, { ...about, why: whyNothing(run, "quality") });
  showEntities(state.entities, { ...about, why: whyNothing(run, "entities") });
  showPeople(speakers, words.segments, {
    duration: conversation.duration || words.duration,
    timed: isTimed(),
    separate: diarized?.engine === "channels",
    rename,
    go,
  });
}

/** To the words that say so, and plays them (`still`: only shows them). */
async function go({ segment_id: id, start, quote, still }) {
  pane("words");
  if (state.words !== state.transcript || state.shown === "both") await showVersion(state.transcript.version);
  transcript.go(id, quote);
  const seconds = start ?? state.transcript.segments.find((segment) => segment.id === id)?.start;
  if (seconds !== undefined && !still) player.seek(seconds, { play: true });
}

// --- changing ---

async function correct(segment, text) {
  const query = { version: state.words.version };
  const { answer } = await call("PATCH", `${root}/segments/${segment.id}`, { query, body: { text } });
  say("The line is corrected. What was heard is kept beside it.");
  return answer;
}

function rename(label) {
  openRename(state.speakers.of(label), async (name) => {
    const query = { version: state.words.version };
    const path = `${root}/speakers/${encodeURIComponent(label)}`;
    const { answer } = await call("PATCH", path, { query, body: { name } });
    state.speakers.rows.set(label, answer);
    transcript.rename(label, state.speakers.of(label).name);
    showAll();
  });
}

at("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await ask(root, at("question").value.trim());
  if (!answer) return;
  state.answers = [answer, ...state.answers.filter((one) => one.question_id !== answer.question_id)];
  at("question").value = "";
  showAll();
});
at("again").addEventListener("click", () => openRerun(root, () => again().catch(failed)));
at("cancel").addEventListener("click", () => stop(root, again));
at("erase").addEventListener("click", () => openErase(root));

async function again() {
  say("");
  await load();
}

// --- finding, panes, keys ---

function find(text, { go: shown = true } = {}) {
  const count = transcript.find(text);
  const at_ = count && shown ? transcript.nextHit(1) : 0;
  at("find-count").textContent = text.trim() ? (at_ ? `${at_} of ${count}` : `${count || "none"}`) : "";
}

at("find-text").addEventListener("input", (event) => find(event.target.value));
at("find").addEventListener("submit", (event) => event.preventDefault());
at("find-text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !transcript.hits.length) return;
  at("find-count").textContent = `${transcript.nextHit(event.shiftKey ? -1 : 1)} of ${transcript.hits.length}`;
});
at("versions").addEventListener("click", (event) => {
  const version = event.target.closest("button")?.dataset.version;
  if (version) showVersion(version).catch(failed);
});

/** On a narrow screen one of the two is shown at a time. */
function pane(name) {
  at("panes").dataset.shown = name;
  at("show-words").setAttribute("aria-pressed", String(name === "words"));
  at("show-findings").setAttribute("aria-pressed", String(name === "findings"));
}
at("show-words").addEventListener("click", () => pane("words"));
at("show-findings").addEventListener("click", () => pane("findings"));

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select, button, a, summary, dialog, [role=slider]")) return;
  if (event.ctrlKey || event.metaKey || event.altKey || !player.there) return;
  if (event.key === " ") player.toggle();
  else if (event.key === "ArrowLeft") player.seek(player.audio.currentTime - 5);
  else if (event.key === "ArrowRight") player.seek(player.audio.currentTime + 5);
  else return;
  event.preventDefault();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("#export") || event.target.closest("#export a")) at("export").open = false;
});
at("export").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  at("export").open = false;
  at("export").querySelector("summary").focus();
});

function failed(error) {
  say(error.status === 404 ? "There is no such conversation, or it is somebody else's." : error.message, "bad");
}

const wanted = new URLSearchParams(location.search).get("find");
load()
  .then(() => {
    document.body.dataset.ready = "true";
    if (!wanted) return;
    at("find-text").value = wanted;
    find(wanted);
  })
  .catch(failed);
