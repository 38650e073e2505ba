// What a person does with a conversation: name, ask, run again, stop, erase.

import { call } from "./api.js";
import { at, say } from "./dom.js";

const LOOK_AGAIN_MS = 1000;

/** Opens a dialog; its form is sent to `act`, whose fault it shows and stays open with. */
function dialog(id, act) {
  const box = at(id);
  const form = box.querySelector("form");
  const fault = box.querySelector("[role=alert]");
  fault.hidden = true;
  form.onsubmit = async (event) => {
    event.preventDefault();
    const button = form.querySelector(".row button:last-child");
    button.disabled = true;
    try {
      await act(form);
      box.close();
    } catch (error) {
      fault.textContent = error.message;
      fault.hidden = false;
    } finally {
      button.disabled = false;
    }
  };
  form.querySelector("[value=close]").onclick = () => box.close();
  box.showModal();
}

export function openRename({ name, row }, save) {
  at("rename-label").textContent = name;
  at("rename-name").value = row?.name ?? "";
  dialog("rename", () => save(at("rename-name").value.trim()));
  at("rename-name").select();
}

export function openRerun(root, started) {
  at("rerun").querySelector("form").reset();
  dialog("rerun", async () => {
    const chosen = [...at("rerun-stages").querySelectorAll("input:checked")].map((box) => box.value);
    await call("POST", `${root}/runs`, { body: chosen.length ? { stages: chosen } : {} });
    started();
  });
}

export async function stop(root, stopped) {
  try {
    await call("POST", `${root}/cancel`);
    await stopped();
  } catch (error) {
    say(error.message, "bad");
  }
}

export function openErase(root) {
  dialog("erasing", async () => {
    await call("DELETE", root);
    location.assign(document.body.dataset.list);
  });
}

/** The answer; null where it could not be had, which the page says. */
export async function ask(root, question) {
  const [button, place] = [at("ask").querySelector("button"), at("ask-state")];
  button.disabled = true;
  place.textContent = "Looking for it in what was said…";
  try {
    const { status, answer } = await call("POST", `${root}/questions`, { body: { question } });
    const found = status === 202 ? await awaited(answer.id) : answer;
    place.textContent = found.status === "answered" ? "" : "This conversation does not say.";
    return found;
  } catch (error) {
    place.textContent = error.message;
    return null;
  } finally {
    button.disabled = false;
  }
}

async function awaited(task) {
  for (;;) {
    const { answer } = await call("GET", `/api/v1/tasks/${task}`);
    if (answer.answer) return answer.answer;
    if (answer.finished_at) throw new Error(answer.error ?? "The question was not answered.");
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
