// Choosing whom to be, in the demo.

import { get } from "./api.js";
import { avatar, node } from "./nodes.js";
import { first, say } from "./words.js";

const box = document.querySelector(".people");
const list = box.querySelector(".people-list");
const search = box.querySelector("input");
let everybody = [];
let current = "";
let chosen = () => {};

// Ask for one of a side's people; resolves with their account, or null.
export async function choose(side, now) {
  const people = await get("/web/people");
  everybody = side === "staff" ? people.staff : [...people.residents, { chat: "guest", name: say("guest_choice"), note: say("guest_note") }];
  current = now;
  search.value = "";
  document.getElementById("people-title").textContent = say(`choose_${side}`);
  show();
  box.showModal();
  list.querySelector("[aria-current=true]")?.scrollIntoView({ block: "center" });
  return new Promise((resolve) => (chosen = resolve));
}

function show() {
  const wanted = search.value.trim().toLocaleLowerCase(first.locale.replace("_", "-"));
  const fit = everybody.filter((seat) => `${seat.name} ${seat.note}`.toLocaleLowerCase().includes(wanted));
  list.replaceChildren(...(fit.length ? fit.map(row) : [node("li", { className: "nobody", text: say("nobody") })]));
}

function row(seat) {
  const face = node("span", { className: "avatar", "aria-hidden": "true" });
  avatar(face, seat.chat === "guest" ? { ...seat, name: "+" } : seat);
  const words = node("span", { className: "person-words" }, node("strong", { className: "person-name", text: seat.name }), node("span", { className: "person-note", text: seat.note }));
  const now = seat.chat === current || (seat.chat === "guest" && current.startsWith("guest:"));
  return node("li", {}, node("button", { type: "button", className: "person", "aria-current": now ? "true" : null, on: { click: () => finish(seat.chat) } }, face, words));
}

function finish(account) {
  chosen(account);
  box.close();
}

search.addEventListener("input", show);
box.addEventListener("close", () => chosen(null));
box.addEventListener("click", (event) => event.target === box && box.close());
box.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  box.close();
});
