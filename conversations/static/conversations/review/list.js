// The list: search, filters, pages. What is asked for stands in the address, so that it can be kept and sent.

import { get, pageOf } from "./api.js";
import { at, chip, clock, languageName, make, say, when } from "./dom.js";

const SOURCES = { live: "live", upload: "recording", text: "text" };
const form = at("filters");
let links = { next: null, previous: null };

function asked() {
  const query = Object.fromEntries([...new FormData(form)].filter(([, value]) => value.trim()));
  for (const name of ["created_after", "created_before"]) {
    if (query[name]) query[name] = new Date(`${query[name]}T00:00`).toISOString();
  }
  return query;
}

function fill() {
  const query = new URLSearchParams(location.search);
  for (const field of form.elements) if (field.name) field.value = query.get(field.name) ?? "";
}

function remember() {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  history.pushState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
}

async function show(query) {
  at("rows").setAttribute("aria-busy", "true");
  try {
    const page = await get("/api/v1/conversations", query);
    links = page;
    at("rows").replaceChildren(...page.results.map((item) => row(item, form.elements.search.value.trim())));
    at("count").textContent = page.results.length ? "" : "No conversation is like that.";
    say("");
  } catch (error) {
    say(error.message, "bad");
  }
  at("next").hidden = !links.next;
  at("previous").hidden = !links.previous;
  at("rows").removeAttribute("aria-busy");
}

function row(item, search) {
  const find = search ? `?${new URLSearchParams({ find: search })}` : "";
  const facts = [
    SOURCES[item.source],
    item.source === "text" ? null : clock(item.duration),
    languageName(item.language),
  ].filter(Boolean);
  return make(
    "li",
    {},
    make(
      "a",
      { href: `/conversations/${item.id}${find}` },
      make("span", { class: "name" }, item.title || item.session_id || item.id.slice(0, 8)),
      make("span", { class: "facts quiet" }, facts.join(" · ")),
    ),
    make("span", { class: "moment quiet" }, when(item.created_at)),
    chip(item.status),
  );
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  remember();
  show(asked());
});
form.addEventListener("reset", () => {
  setTimeout(() => {
    for (const field of form.elements) if (field.name) field.value = "";
    remember();
    show(asked());
  });
});
form.addEventListener("change", (event) => {
  if (event.target.matches("select, [type=date]")) form.requestSubmit();
});
addEventListener("popstate", () => {
  fill();
  show(asked());
});
for (const name of ["next", "previous"]) {
  at(name).addEventListener("click", async () => {
    await show(pageOf(links[name]));
    at("rows").querySelector("a")?.focus();
  });
}

fill();
show(asked());
