// The page's words in the reader's language, and its days and hours in the community's zone.

const begin = JSON.parse(document.getElementById("begin").textContent);

export const first = begin.state;

export function say(key, values = {}) {
  const words = begin.words[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (gap, name) => values[name] ?? gap);
}

const tongue = first.locale.replace("_", "-");
const zone = { timeZone: first.timezone };
const hours = new Intl.DateTimeFormat(tongue, { ...zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const days = new Intl.DateTimeFormat(tongue, { ...zone, month: "long", day: "numeric", weekday: "short" });
const moments = new Intl.DateTimeFormat(tongue, { ...zone, dateStyle: "medium", timeStyle: "short" });
const dates = new Intl.DateTimeFormat("en-CA", zone);

export const clock = (at) => hours.format(at);

export const moment = (at) => moments.format(at);

export const date = (at) => dates.format(at);

export function day(at) {
  const now = Date.now();
  if (date(at) === date(now)) return say("today");
  if (date(at) === date(now - 86400000)) return say("yesterday");
  return days.format(at);
}
