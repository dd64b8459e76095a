// A stream of messages from one chat or several, in the order they were written, with news at the end.

import { draw } from "./message.js";
import { get } from "./api.js";
import { node } from "./nodes.js";
import { clock, date, day, say } from "./words.js";

const NEAR = 90;
const TOGETHER = 2 * 60000;
const PAUSE = 10 * 60000;
const PAGE = 60;

export class Log {
  constructor(stage, pane) {
    this.root = stage.querySelector(".log");
    this.newer = stage.querySelector(".newer");
    this.pane = pane;
    this.items = [];
    this.full = new Set();
    this.empty = node("div");
    this.typing = node("div", { className: "said typing", "aria-label": say("typing"), role: "img" }, node("div", { className: "bubble" }, node("i"), node("i"), node("i")));
    this.typing.hidden = true;
    this.older = node("button", { type: "button", className: "older", text: say("older"), on: { click: () => this.back() } });
    this.root.replaceChildren(this.older, this.typing);
    this.newer.addEventListener("click", () => this.jump());
    this.stuck = true;
    this.gliding = 0;
    this.root.addEventListener("scroll", () => this.scrolled(), { passive: true });
    for (const hand of ["wheel", "touchmove", "keydown"]) this.root.addEventListener(hand, () => (this.gliding = 0), { passive: true });
    new ResizeObserver(() => this.stuck && this.toEnd()).observe(this.root);
  }

  // Begin anew with the ends of some chats; what was said or came while they were read stays.
  begin(pages, empty) {
    this.root.setAttribute("aria-busy", "true");
    const cursors = new Map(pages.map((page) => [page.chat, page.cursor]));
    const meanwhile = this.items.map((item) => item.message).filter((one) => cursors.has(one.chat) && !(one.changed <= cursors.get(one.chat)));
    this.empty = empty;
    this.items = [];
    this.full = new Set(pages.filter((page) => page.messages.length >= PAGE).map((page) => page.chat));
    this.root.replaceChildren(this.older, this.typing);
    this.hideNewer();
    for (const message of pages.flatMap((page) => page.messages)) this.place(message);
    for (const message of meanwhile) {
      const known = this.known(message);
      if (!known || known.message.changed < message.changed) this.place(message, known);
    }
    this.arrange();
    this.toEnd();
    this.root.removeAttribute("aria-busy");
  }

  find(number) {
    return this.items.find((item) => item.message.id === number)?.message;
  }

  known(message) {
    return this.items.find((item) => same(item.message, message));
  }

  // A message arrived or changed. True when it was not known before.
  put(message, { local = false } = {}) {
    const sticks = local || this.stuck;
    const known = this.known(message);
    if (known && message.id && known.message.changed >= message.changed && !local) return false;
    const changed = known?.message.id && message.edited && known.message.changed < message.changed;
    const item = this.place(message, known);
    if (!known) item.shown.classList.add("arrives");
    this.arrange();
    if (changed) this.flash(item);
    if (sticks) this.toEnd(true);
    else if (changed ? this.hidden(item) : !this.pane.owns(message)) this.showNewer(item, changed);
    return !known;
  }

  place(message, known) {
    const item = known ?? { shown: node("article") };
    const fresh = !known || known.message.id !== message.id;
    item.message = message;
    draw(item.shown, message, this.pane);
    if (!fresh) return item;
    if (known) this.items.splice(this.items.indexOf(known), 1);
    const rank = message.id ?? Infinity;
    let at = this.items.length;
    while (at > 0 && (this.items[at - 1].message.id ?? Infinity) > rank) at -= 1;
    const next = this.items[at];
    if (item.shown.nextSibling !== (next?.day ?? next?.shown ?? this.typing)) this.root.insertBefore(item.shown, next?.day ?? next?.shown ?? this.typing);
    this.items.splice(at, 0, item);
    return item;
  }

  arrange() {
    let before = null;
    const newest = {};
    const done = new Set();
    for (const item of this.items) {
      this.separate(item, before);
      before = item.message;
      if (before.tapped) done.add(Number(before.tapped));
      const asked = item.shown.querySelector("[data-revision]");
      if (asked && Number(asked.dataset.revision) >= (newest[before.chat]?.revision ?? 0)) {
        newest[before.chat] = { revision: Number(asked.dataset.revision), item };
      }
    }
    for (const item of this.items) outdate(item, newest, done);
    this.older.hidden = !this.full.size;
    this.showEmpty();
  }

  // A line with day and hour after every pause; messages said in one breath stand closer.
  separate(item, before) {
    const { message, shown } = item;
    const at = Date.parse(message.at);
    const pause = before ? at - Date.parse(before.at) : Infinity;
    const anew = pause > PAUSE || date(Date.parse(before.at)) !== date(at);
    if (anew && !item.day) {
      item.day = node("p", { className: "day" }, node("time", { dateTime: message.at, text: `${day(at)} ${clock(at)}` }));
      this.root.insertBefore(item.day, shown);
    } else if (!anew && item.day) {
      item.day.remove();
      item.day = null;
    } else if (item.day && item.day.nextSibling !== shown) {
      this.root.insertBefore(item.day, shown);
    }
    const follows = !anew && before.sender === message.sender && before.chat === message.chat && pause < TOGETHER;
    shown.classList.toggle("follows", follows);
    shown.classList.toggle("still-private", Boolean(before) && this.pane.isPrivate(before) && this.pane.isPrivate(message));
  }

  showEmpty() {
    if (this.items.length === 0) this.root.insertBefore(this.empty, this.typing);
    else this.empty.remove();
  }

  async back() {
    const height = this.root.scrollHeight;
    const { items } = this;
    for (const chat of [...this.full]) {
      const oldest = this.items.find((item) => item.message.chat === chat && item.message.id)?.message.id;
      const page = await get(`/web/messages?chat=${encodeURIComponent(chat)}&before=${oldest}`);
      if (this.items !== items) return;
      if (page.messages.length < PAGE) this.full.delete(chat);
      for (const message of page.messages) if (!this.find(message.id)) this.place(message);
    }
    this.arrange();
    this.root.scrollTop += this.root.scrollHeight - height;
  }

  busy(on) {
    this.typing.hidden = !on;
    if (on && this.stuck) this.toEnd();
  }

  remove(message) {
    const item = this.known(message);
    if (!item) return;
    item.day?.remove();
    item.shown.remove();
    this.items.splice(this.items.indexOf(item), 1);
    this.arrange();
  }

  flash(item) {
    item.shown.classList.remove("changed");
    void item.shown.offsetWidth;
    item.shown.classList.add("changed");
  }

  atEnd() {
    return this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < NEAR;
  }

  // Whether the reader is at the end; a glide that is still under way counts as there.
  scrolled() {
    this.stuck = this.atEnd() || Date.now() < this.gliding;
    if (this.stuck) this.hideNewer();
  }

  toEnd(gently = false) {
    this.gliding = gently ? Date.now() + 900 : 0;
    this.root.scrollTo({ top: this.root.scrollHeight, behavior: gently ? "smooth" : "instant" });
    this.stuck = true;
    this.hideNewer();
  }

  hidden(item) {
    const [inner, outer] = [item.shown.getBoundingClientRect(), this.root.getBoundingClientRect()];
    return inner.bottom < outer.top + 40 || inner.top > outer.bottom - 40;
  }

  showNewer(item, changed) {
    this.newer.textContent = say(changed ? "card_changed" : "new_messages");
    this.newer.hidden = false;
    this.jump = () => {
      this.hideNewer();
      if (changed) item.shown.scrollIntoView({ block: "center", behavior: "smooth" });
      else this.toEnd(true);
    };
  }

  hideNewer() {
    this.newer.hidden = true;
  }
}

function same(one, other) {
  if (one.id && other.id) return one.id === other.id;
  return Boolean(one.key) && one.key === other.key && one.chat === other.chat;
}

// Answers to a question that is no longer asked are put away; a ticket's and the menu's buttons stay.
function outdate(item, newest, done) {
  const { message, shown } = item;
  for (const chip of shown.querySelectorAll("[data-revision]")) {
    chip.hidden = newest[message.chat].item !== item || done.has(message.id);
  }
  for (const row of shown.querySelectorAll(".choices-row")) row.hidden = !row.querySelector(".chip:not([hidden])");
  for (const all of shown.querySelectorAll(".choices")) all.hidden = !all.querySelector(".chip:not([hidden])");
}
