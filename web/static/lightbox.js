// A photo as large as the screen, and its neighbours a swipe or an arrow key away.

import { say } from "./words.js";

const box = document.querySelector(".lightbox");
const shown = box.querySelector("img");
const count = box.querySelector(".lightbox-count");
const [previous, next] = box.querySelectorAll(".lightbox-turn");
let photos = [];
let at = 0;
let swiped = null;

export function enlarge(list, number) {
  photos = list;
  box.showModal();
  show(number);
}

function show(number) {
  at = (number + photos.length) % photos.length;
  shown.src = photos[at];
  shown.alt = say("photo_at", { count: at + 1, most: photos.length });
  count.textContent = photos.length > 1 ? `${at + 1} / ${photos.length}` : "";
  previous.hidden = next.hidden = photos.length < 2;
}

previous.addEventListener("click", () => show(at - 1));
next.addEventListener("click", () => show(at + 1));
box.querySelector(".lightbox-close").addEventListener("click", () => box.close());
box.addEventListener("close", () => shown.removeAttribute("src"));
box.addEventListener("click", (event) => event.target === box && box.close());
box.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step && photos.length > 1) show(at + step);
});
box.addEventListener("touchstart", (event) => (swiped = event.touches.length === 1 ? event.touches[0].clientX : null), { passive: true });
box.addEventListener("touchend", (event) => {
  const way = swiped === null ? 0 : event.changedTouches[0].clientX - swiped;
  if (Math.abs(way) > 50 && photos.length > 1) show(at + (way < 0 ? 1 : -1));
});
