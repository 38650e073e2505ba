// What was found: summary, category, answers, call quality, names. Every claim leads to the words that say so.

import { at, chip, clock, make, stateWord } from "./dom.js";

const nothing = (text) => make("p", { class: "quiet" }, text);

/** A button that goes to the place and plays it. */
export function evidence({ segment_id: id, start, quote }, go, timed) {
  return make(
    "button",
    { type: "button", class: "evidence", onclick: () => go({ segment_id: id, start, quote }) },
    timed && start !== undefined ? make("span", { class: "moment" }, clock(start)) : null,
    quote ? make("q", {}, quote) : "Show",
  );
}

/** The same where the words are read already: the moment alone. */
function moment({ segment_id: id, start, quote }, go, timed) {
  const label = timed ? clock(start) : "Show";
  return make(
    "button",
    {
      type: "button",
      class: "evidence brief",
      "aria-label": `${label}: ${quote}`,
      onclick: () => go({ segment_id: id, start, quote }),
    },
    make("span", { class: "moment" }, label),
  );
}

const folded = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();

function showEvidence(item, go, timed) {
  const answer = folded(item.answer ?? "");
  return item.evidence.map((one) => (answer.includes(folded(one.quote)) ? moment : evidence)(one, go, timed));
}

export function showSummary(summary, { go, timed, startOf, speakers, why }) {
  if (!summary) {
    at("summary").replaceChildren(nothing(why));
    return;
  }
  const part = (title, items, line) =>
    items?.length ? [make("h3", {}, title), make("ul", { class: "plain-list" }, ...items.map(line))] : [];
  const linked = (item, who) =>
    make(
      "li",
      {},
      make(
        "button",
        {
          type: "button",
          class: "evidence",
          onclick: () => go({ segment_id: item.segment_id, start: startOf(item.segment_id) }),
        },
        timed && startOf(item.segment_id) !== undefined
          ? make("span", { class: "moment" }, clock(startOf(item.segment_id)))
          : null,
        who ? make("b", {}, `${who}: `) : null,
        item.text,
      ),
    );
  at("summary").replaceChildren(
    make("p", {}, speakers.named(summary.text) || "Nothing was said that could be put in short."),
    ...part("Key points", summary.key_points, (text) => make("li", { class: "bullet" }, speakers.named(text))),
    ...part("Decided", summary.decisions, (item) => linked(item)),
    ...part("To do", summary.action_items, (item) =>
      linked(item, item.speaker_id ? speakers.of(item.speaker_id).name : null),
    ),
  );
}

export function showCategory(found, why) {
  if (!found) {
    at("category").replaceChildren(nothing(why));
    return;
  }
  const path = [found.main_category, found.sub_category, found.sub_category_2].filter(Boolean);
  const fact = (name, value) => (value ? [make("dt", {}, name), make("dd", {}, value)] : []);
  at("category").replaceChildren(
    make("p", { class: "category-path" }, path.length ? path.join(" › ") : "None fits."),
    make(
      "dl",
      { class: "facts" },
      ...fact("Priority", found.priority),
      ...fact("Intervention", found.intervention),
      ...fact("Confidence", percent(found.confidence)),
    ),
  );
}

const percent = (share) => (share === null || share === undefined ? null : `${Math.round(share * 100)} %`);

export function showAnswers(answers, { go, timed, why }) {
  if (!answers.length) {
    at("answers").replaceChildren(nothing(why));
    return;
  }
  const answered = answers.filter((item) => item.status === "answered").sort((a, b) => b.is_ad_hoc - a.is_ad_hoc);
  const open = answers.filter((item) => item.status !== "answered");
  const parts = [];
  if (answered.length) {
    parts.push(
      make(
        "dl",
        { class: "answers" },
        ...answered.map((item) =>
          make(
            "div",
            {},
            make("dt", {}, item.question, item.is_ad_hoc ? make("span", { class: "tag" }, "asked here") : null),
            make("dd", {}, make("p", { class: "answer" }, item.answer), ...showEvidence(item, go, timed)),
          ),
        ),
      ),
    );
  }
  if (open.length) {
    const asked = open.some((item) => item.is_ad_hoc);
    parts.push(
      make(
        "details",
        { open: asked || !answered.length },
        make("summary", {}, `${open.length} not answered in this conversation`),
        make("ul", { class: "plain-list" }, ...open.map((item) => make("li", { class: "quiet" }, item.question))),
      ),
    );
  }
  at("answers").replaceChildren(...parts);
}

const STATES = { "✓": ["good", "yes"], "✗": ["bad", "no"], "–": ["none", "there was no occasion"] };

export function showQuality(quality, { go, timed, why }) {
  at("lights").hidden = !quality;
  if (!quality) {
    at("quality-note").textContent = why;
    return;
  }
  const metrics = Object.values(quality).filter(Array.isArray).flat();
  const applied = metrics.filter((metric) => metric.prediction !== null);
  const good = applied.filter((metric) => metric.prediction);
  at("quality-note").textContent = `${good.length} of ${applied.length} that the call gave occasion for.`;
  for (const metric of metrics) {
    const line = at("lights").querySelector(`[data-metric="${CSS.escape(metric.submetric)}"]`);
    if (!line) continue;
    const [kind, word] = STATES[metric.score] ?? ["none", metric.score];
    const label = line.querySelector(".label").textContent;
    const told = [
      make("span", { class: `light ${kind}`, "aria-hidden": "true" }, metric.score),
      make("span", { class: "label" }, label),
      make("span", { class: "state visually-hidden" }, `: ${word}`),
    ];
    if (!metric.evidence?.length) {
      line.replaceChildren(make("span", { class: "told" }, ...told));
      continue;
    }
    line.replaceChildren(
      make("details", {}, make("summary", { class: "told" }, ...told), ...metric.evidence.map((one) => evidence(one, go, timed))),
    );
  }
}

export function showEntities(entities, { go, why }) {
  if (!entities.length) {
    at("entities").replaceChildren(nothing(why));
    return;
  }
  const kinds = new Map();
  for (const entity of entities) {
    const texts = kinds.get(entity.label) ?? new Map();
    texts.set(entity.text, [...(texts.get(entity.text) ?? []), entity]);
    kinds.set(entity.label, texts);
  }
  const chipOf = (text, mentions) => {
    let turn = -1;
    return make(
      "button",
      {
        type: "button",
        class: "entity-chip",
        "data-kind": mentions[0].label,
        onclick: () => {
          turn = (turn + 1) % mentions.length;
          go({ segment_id: mentions[turn].segment_id, quote: text, still: true });
        },
      },
      text,
      mentions.length > 1 ? make("span", { class: "times" }, `×${mentions.length}`) : null,
    );
  };
  at("entities").replaceChildren(
    make(
      "dl",
      { class: "entities" },
      ...[...kinds].map(([kind, texts]) =>
        make(
          "div",
          {},
          make("dt", {}, kind.toLowerCase().replaceAll("_", " ")),
          make("dd", {}, ...[...texts].map(([text, mentions]) => chipOf(text, mentions))),
        ),
      ),
    ),
  );
}

export function showStages(run) {
  at("stages-card").hidden = !run;
  if (!run) return;
  at("made").replaceChildren(
    ...run.stages.map((stage) => {
      const took = stage.duration_ms === null ? "" : `${(stage.duration_ms / 1000).toFixed(1)} s`;
      const by = [stage.engine, stage.model].filter(Boolean).join(" · ");
      const note = stage.error || stage.skip_reason || by;
      return make(
        "li",
        {},
        make("span", { class: "stage" }, stage.name),
        chip(stage.status),
        make("span", { class: "took quiet" }, took),
        note ? make("span", { class: "note quiet" }, note) : null,
      );
    }),
  );
}

export function showProgress(conversation) {
  const { run, status } = conversation;
  const busy = status === "pending" || status === "processing";
  at("progress").hidden = !(busy && run);
  if (!busy || !run) return;
  at("progress-bar").value = run.progress;
  at("stages").replaceChildren(
    ...run.stages.map((stage) =>
      make(
        "li",
        { class: stage.status },
        make("span", { class: "stage" }, stage.name),
        make("span", { class: "visually-hidden" }, `: ${stateWord(stage.status)}`),
      ),
    ),
  );
}

/** Why a stage has nothing to show, in words for people. */
export function whyNothing(run, name) {
  const stage = run?.stages.find((one) => one.name === name);
  if (!stage) return "Not asked for.";
  if (stage.status === "succeeded") return "Nothing was found.";
  if (stage.status === "skipped" || stage.status === "failed") {
    const reason = stage.skip_reason || stage.error;
    return `${stage.status === "failed" ? "This failed" : "This was skipped"}${reason ? `: ${reason}` : ""}.`;
  }
  return stage.status === "cancelled" ? "This was stopped." : "Not there yet.";
}
