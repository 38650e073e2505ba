// Where the server is, and the right to speak to it: short-lived tokens, asked for with the cookie of a signed-in
// person or with an API key, which never stands in an address; or tokens that somebody else asked for.

const TOKEN_LIFE_S = 60; // it opens one socket

export class Refused extends Error {
  isRefusal = true;
}

export class Access {
  /** `origin`: of the server. `key`: an API key, or empty for the cookie; `csrf` goes with the cookie. */
  constructor({ origin, key, csrf }) {
    this.origin = origin;
    this.headers = key ? { Authorization: `Bearer ${key}` } : { "X-CSRFToken": csrf };
  }

  async token(scope) {
    const { token } = await this.request("/api/v1/tokens", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ scope, ttl: TOKEN_LIFE_S }),
    });
    return token;
  }

  async request(path, { headers = {}, ...options } = {}) {
    const response = await fetch(this.origin + path, { ...options, headers: { ...this.headers, ...headers } });
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    const message = answer.error?.message ?? `The server answered ${response.status}.`;
    throw response.status < 500 && response.status !== 429 ? new Refused(message) : new Error(message);
  }

  async socket(path, scope, query = {}) {
    return openSocket(this.origin, path, { ...query, token: await this.token(scope) });
  }
}

/** For a page from a disk: it has no cookie, and no server answers its requests, only its sockets. */
export class GivenTokens {
  constructor({ origin, tokens }) {
    Object.assign(this, { origin, tokens });
  }

  async socket(path, scope, query = {}) {
    if (!this.tokens[scope]) throw new Refused(`There is no token with the scope ${scope}.`);
    return openSocket(this.origin, path, { ...query, token: this.tokens[scope] });
  }
}

function openSocket(origin, path, query) {
  return new WebSocket(`${origin.replace(/^http/, "ws")}${path}?${new URLSearchParams(query)}`);
}
