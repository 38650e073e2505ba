// The REST interface, with the cookie of whoever is signed in, or with a token that came in the address after `#`.

const token = new URLSearchParams(location.hash.slice(1)).get("token");

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** An address of the interface for what asks by itself (audio, downloads). */
export function address(path, query = {}) {
  const asked = new URLSearchParams(query);
  if (token) asked.set("token", token);
  const text = asked.toString();
  return text ? `${path}?${text}` : path;
}

/** JSON of an answer, with its status. Throws ApiError. */
export async function call(method, path, { query, body } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const csrf = document.querySelector("input[name=csrfmiddlewaretoken]");
  if (method !== "GET" && csrf) headers["X-CSRFToken"] = csrf.value;
  const response = await fetch(address(path, query), {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : null;
  if (!response.ok) {
    if (response.status === 401) toSignIn();
    throw new ApiError(response.status, answer?.error?.code, answer?.error?.message ?? response.statusText);
  }
  return { status: response.status, answer };
}

export const get = async (path, query) => (await call("GET", path, { query })).answer;

/** Every item of a list. */
export async function all(path, query = {}) {
  const items = [];
  let asked = { page_size: 200, ...query };
  for (;;) {
    const page = await get(path, asked);
    items.push(...page.results);
    if (!page.next) return items;
    asked = pageOf(page.next);
  }
}

/** The query of the address of another page. */
export function pageOf(link) {
  const query = Object.fromEntries(new URL(link, location.href).searchParams);
  delete query.token;
  return query;
}

function toSignIn() {
  if (token) return;
  const next = new URLSearchParams({ next: location.pathname + location.search });
  location.assign(`${document.body.dataset.signIn}?${next}`);
}
