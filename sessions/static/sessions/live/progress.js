// After the talk: what the pipeline is doing, until it is done.

const SOON_MS = 1000;
const LATER_MS = 4000;
const SOON_FOR = 60; // looks
const OVER = new Set(["completed", "partial", "failed", "cancelled"]);
const NAMES = {
  transcription: "Words",
  diarization: "Who spoke",
  translation: "Translation",
  cleanup: "Clean text",
  emotion: "Tone",
  entities: "Names, places, numbers",
  classification: "Category",
  qa: "Questions and answers",
  quality: "Quality of the call",
  summary: "Summary",
  insights: "Insights",
};
const SAID = {
  pending: "waiting",
  running: "under way",
  succeeded: "done",
  skipped: "not needed",
  failed: "failed",
  cancelled: "cancelled",
};
const ENDS = {
  completed: "The analysis is done.",
  partial: "The analysis is done, apart from what failed.",
  failed: "The analysis failed.",
  cancelled: "The analysis was cancelled.",
};

/** Looks until the run is over. `list`: an <ol>; `say(text)`: a line for everybody. */
export async function followAnalysis({ access, conversationId, list, say }) {
  for (let looks = 0; ; looks++) {
    const found = await look(access, conversationId);
    if (found.refusal) return say(`${found.refusal} The analysis goes on without this page.`);
    if (found.run) list.replaceChildren(...found.run.stages.map(line));
    if (OVER.has(found.status)) return say(ENDS[found.status]);
    await new Promise((resolve) => setTimeout(resolve, looks < SOON_FOR ? SOON_MS : LATER_MS));
  }
}

async function look(access, conversationId) {
  try {
    return await access.request(`/api/v1/conversations/${conversationId}`);
  } catch (error) {
    return error.isRefusal ? { refusal: error.message } : {}; // the network comes back
  }
}

function line(stage) {
  const item = document.createElement("li");
  item.dataset.status = stage.status;
  const name = document.createElement("span");
  name.textContent = NAMES[stage.name] ?? stage.name;
  const state = document.createElement("span");
  state.className = "state";
  state.textContent = SAID[stage.status];
  item.append(name, state);
  const why = stage.skip_reason || stage.error;
  if (why) {
    const reason = document.createElement("span");
    reason.className = "reason";
    reason.textContent = why;
    item.append(reason);
  }
  return item;
}
