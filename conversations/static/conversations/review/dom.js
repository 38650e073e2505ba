// Small helpers of the pages. Text from people goes in by `textContent` alone; nothing here takes markup.

export const at = (id) => document.getElementById(id);

/** An element with properties (`class`, `on…` handlers, `data-…`, `aria-…`) and children: strings become text. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export function say(text, kind = "") {
  const place = at("message");
  place.className = `notice ${kind}`;
  place.textContent = text;
  place.hidden = !text;
}

/** Lets the browser draw and answer between two pieces of work. */
export const breathe = () => new Promise((resolve) => setTimeout(resolve));

const WORDS = {
  pending: "waiting",
  processing: "under way",
  running: "under way",
  completed: "done",
  succeeded: "done",
  partial: "done in part",
  skipped: "skipped",
  failed: "failed",
  cancelled: "stopped",
};

export const stateWord = (status) => WORDS[status] ?? status;

export const chip = (status) => make("span", { class: `chip ${status}` }, stateWord(status));

export function when(moment) {
  const date = new Date(moment);
  const text = date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return make("time", { datetime: moment }, text);
}

export function languageName(tag) {
  if (!tag) return null;
  try {
    return new Intl.DisplayNames(undefined, { type: "language" }).of(tag);
  } catch {
    return tag;
  }
}
