// Asking the server, and telling apart the ways in which it says no.

import { first } from "./words.js";

export class Refusal extends Error {
  // `again` says that the same request may do later; `message` is what the server has written down of it.
  constructor(key, { again = false, written = null } = {}) {
    super(key);
    this.key = key;
    this.again = again;
    this.written = written;
  }
}

async function ask(path, options, patience) {
  let response;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(patience) });
  } catch {
    throw new Refusal("offline", { again: true });
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 401) location.reload();
  const again = response.status >= 500 || response.status === 429;
  throw new Refusal(again ? "try_later" : String(answer.detail), { again, written: answer.message });
}

export const get = (path) => ask(path, {}, 20000);

export function post(path, body) {
  const files = body instanceof FormData;
  const headers = { "X-Wubu-Token": first.token };
  if (!files) headers["Content-Type"] = "application/json";
  return ask(path, { method: "POST", headers, body: files ? body : JSON.stringify(body) }, files ? 180000 : 30000);
}

export const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
