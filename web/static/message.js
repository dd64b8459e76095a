// One message as it is seen: who, what, its photos, its buttons, and how it fares.

import { icon, lettered, node } from "./nodes.js";
import { clock, moment, say } from "./words.js";

// Draw a message into its element. `pane` says whose it is and what its buttons do.
export function draw(shown, message, pane) {
  const held = shown.contains(document.activeElement) ? focusOf(shown) : -1;
  const own = pane.owns(message);
  const secret = pane.isPrivate(message);
  const choices = (message.buttons ?? []).length > 0;
  shown.className = ["said", own && "own", secret && "private", message.ticket && "card", choices && "asks", message.state && standing(message)]
    .filter(Boolean)
    .join(" ");
  shown.replaceChildren(
    ...[
      message.name && !own && node("p", { className: "who", text: message.name }),
      secret && node("p", { className: "only-you" }, icon("lock"), node("span", { text: say("only_you") })),
      bubble(message, pane),
      meta(message, pane, own),
    ].filter(Boolean),
  );
  if (held >= 0) shown.querySelectorAll("button, a")[held]?.focus({ preventScroll: true });
}

export function standing(message) {
  if (message.state === "failed") return "failed";
  const waits = message.state === "sending";
  if (waits && message.id && Date.now() - Date.parse(message.at) > 45000) return "failed";
  return waits ? "sending" : "";
}

const focusOf = (shown) => [...shown.querySelectorAll("button, a")].indexOf(document.activeElement);

function bubble(message, pane) {
  const photos = message.photos ?? [];
  const answered = message.reply_to && pane.find(Number(message.reply_to));
  const bare = photos.length > 0 && !message.text && !message.title && !answered;
  return node(
    "div",
    { className: bare ? "bubble bare-photo" : "bubble", title: moment(Date.parse(message.at)) },
    answered && node("p", { className: "answering", text: answered.title || answered.text.slice(0, 60) }),
    message.title && node("h3", {}, lettered(message.title)),
    message.text && words(message),
    photos.length > 0 && gallery(photos, pane),
    (message.buttons ?? []).length > 0 && choices(message, pane),
  );
}

// In a card, what stands before a colon is a label; hours such as 14:05 are not.
function words(message) {
  const desk = message.sender === "bot";
  const shown = node("p");
  const lines = message.title ? message.text.split("\n") : [message.text];
  lines.forEach((line, number) => {
    if (number) shown.append("\n");
    const parts = lines.length > 1 && /^([^\s\d:\uff1a][^\d:\uff1a]{0,18})([:\uff1a]\s?)(?=\S)(.*)$/su.exec(line);
    if (parts) shown.append(node("span", { className: "label" }, lettered(parts[1] + parts[2])), parts[3]);
    else shown.append(desk ? lettered(line) : line);
  });
  return shown;
}

function gallery(photos, pane) {
  const grid = node("div", { className: "photos", role: "group", "aria-label": say("photos_label", { count: photos.length }), data: { count: photos.length } });
  photos.forEach((source, number) => {
    const label = say("photo_open", { count: number + 1 });
    const button = node("button", { type: "button", className: "photo waiting", "aria-label": label, on: { click: () => pane.enlarge(photos, number) } });
    button.append(picture(source, button));
    grid.append(button);
  });
  return grid;
}

// A photo from another channel may still be on its way to us: it is asked for again, ever more rarely.
function picture(source, button, tries = 0) {
  const shown = node("img", { alt: "", decoding: "async" });
  shown.onload = () => {
    button.classList.remove("waiting");
    button.removeAttribute("title");
  };
  shown.onerror = () => {
    button.title = say("photo_waiting");
    if (tries < 8) setTimeout(() => button.isConnected && shown.replaceWith(picture(source, button, tries + 1)), 1500 * 1.6 ** tries);
  };
  shown.src = source.startsWith("blob:") ? source : `${source}?small=${tries}`;
  return shown;
}

function choices(message, pane) {
  const rows = message.buttons.map((row) => node("div", { className: "choices-row" }, ...row.map((button) => chip(message, button, pane))));
  return node("div", { className: "choices", role: "group" }, ...rows);
}

function chip(message, button, pane) {
  const className = `chip ${button.style ?? ""}`;
  if (button.url) return node("a", { className, text: button.label, href: safe(button.url), target: "_blank", rel: "noopener noreferrer" });
  const data = { data: button.data };
  const revision = /^[ac]\.(\d+)\./.exec(button.data);
  if (revision) data.revision = revision[1];
  return node("button", { type: "button", className, text: button.label, data, on: { click: (event) => pane.tap(message, button, event.currentTarget) } });
}

const safe = (url) => (/^(https?:|tel:|\/(?!\/))/.test(url) ? url : "#");

function meta(message, pane, own) {
  const fate = standing(message);
  const parts = [
    fate === "failed" && node("span", { className: "late", text: say("failed") }),
    fate === "failed" && node("button", { type: "button", className: "again", text: say("retry"), on: { click: () => pane.again(message) } }),
    fate === "sending" && node("span", { className: "fate", text: `${say("sending")}…` }),
    message.edited && message.ticket && node("time", { dateTime: message.edited, text: say("edited", { time: clock(Date.parse(message.edited)) }) }),
    message.ticket && !own && node("button", { type: "button", className: "answer", on: { click: () => pane.answer(message) } }, icon("reply"), node("span", { text: say("reply") })),
  ];
  return parts.some(Boolean) && node("div", { className: "meta" }, ...parts);
}
