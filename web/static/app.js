// The page comes alive: both sides take their seats, news stream in, and the bar on top does its work.

import { post } from "./api.js";
import { Live } from "./live.js";
import { toast } from "./nodes.js";
import { Pane } from "./pane.js";
import { choose } from "./people.js";
import { first, say } from "./words.js";

const title = document.title;
const panes = Object.fromEntries((first.right ? ["resident", "staff"] : ["resident"]).map((side) => [side, new Pane(side, count)]));
const live = new Live({ news: (message) => Object.values(panes).forEach((pane) => pane.arrived(message)), anew: () => sit(state), state: linked });
let state = first;

async function sit(now) {
  state = now;
  const cursors = await Promise.all([
    panes.resident.sit(now.left, [], now.menu),
    ...(panes.staff ? [panes.staff.sit(now.right, now.rooms, now.menu)] : []),
  ]);
  const chats = new Set(Object.values(panes).flatMap((pane) => pane.chats));
  live.follow([...chats], Math.min(...cursors));
}

async function enter(side) {
  const account = await choose(side, state[side === "staff" ? "right" : "left"].chat);
  if (!account) return;
  panes[side].unread.clear();
  await sit(await post("/web/enter", { [side]: account }));
}

function count() {
  const sums = Object.entries(panes).map(([side, pane]) => [side, pane.count]);
  for (const [side, sum] of sums) {
    const badge = document.querySelector(`#${side}-tab .badge`);
    if (!badge) continue;
    badge.hidden = sum === 0;
    badge.textContent = String(sum);
    badge.setAttribute("aria-label", say("unread", { count: sum }));
  }
  const all = sums.reduce((sum, [, one]) => sum + one, 0);
  document.title = all ? `(${all}) ${title}` : title;
}

function turnTo(side) {
  document.body.dataset.showing = side;
  for (const tab of document.querySelectorAll(".sides [role=tab]")) {
    const chosen = tab.dataset.side === side;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
  panes[side].log.toEnd();
  panes[side].seen();
}

function linked(on) {
  const shown = document.querySelector(".link-state");
  if (shown.dataset.on === (on ? "yes" : "no")) return;
  shown.dataset.on = on ? "yes" : "no";
  shown.querySelector(".link-words").textContent = say(on ? "connected" : "reconnecting");
}

async function speak(locale) {
  await post("/web/locale", { locale });
  location.reload();
}

const tell = (refusal) => toast(say(`error_${refusal.key === "offline" ? "offline" : "try_later"}`));

for (const button of document.querySelectorAll("[data-choose]")) button.addEventListener("click", () => enter(button.dataset.choose).catch(tell));
for (const button of document.querySelectorAll("[data-locale]")) button.addEventListener("click", () => speak(button.dataset.locale).catch(tell));
for (const tab of document.querySelectorAll(".sides [role=tab]")) tab.addEventListener("click", () => turnTo(tab.dataset.side));
document.querySelector(".sides")?.addEventListener("keydown", (event) => {
  if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  turnTo(document.body.dataset.showing === "staff" ? "resident" : "staff");
  document.querySelector(".sides [aria-selected=true]").focus();
});
document.addEventListener("visibilitychange", () => Object.values(panes).forEach((pane) => pane.seen()));
matchMedia("(width >= 900px)").addEventListener("change", () => Object.values(panes).forEach((pane) => pane.seen()));

sit(first).catch(tell);
