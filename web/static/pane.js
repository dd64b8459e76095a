// One side of the page: a person, the chats they see, and what they do there.

import { get, newKey, post } from "./api.js";
import { Composer } from "./composer.js";
import { enlarge } from "./lightbox.js";
import { Log } from "./log.js";
import { avatar, node, toast } from "./nodes.js";
import { Sending } from "./sending.js";
import { say } from "./words.js";

const TYPING_AFTER = 350;

export class Pane {
  constructor(side, counted) {
    this.side = side;
    this.root = document.getElementById(`${side}-pane`);
    this.counted = counted;
    this.unread = new Map();
    this.rooms = [];
    this.room = null;
    this.waiting = new Map();
    this.log = new Log(this.root.querySelector(".stage"), this);
    this.sending = new Sending(this);
    this.composer = new Composer(this.root, this);
    this.roomTabs = this.root.querySelector(".rooms");
    this.roomTabs?.addEventListener("keydown", (event) => this.walk(event));
  }

  // Somebody takes this side's seat; their menu and, for staff, their groups.
  async sit(seat, rooms, menu) {
    this.seat = seat;
    this.rooms = rooms;
    this.room = rooms.find((room) => room.chat === this.room?.chat) ?? rooms[0] ?? null;
    this.menu = this.side === "staff" ? menu.filter((entry) => ["m.tickets", "m.help"].includes(entry.data)) : menu;
    this.introduce(seat);
    this.composer.offer(this.menu);
    this.composer.clear();
    return this.load();
  }

  introduce(seat) {
    this.root.querySelector(".pane-head .person-name").textContent = seat.name;
    this.root.querySelector(".pane-head .person-note").textContent = seat.note;
    avatar(this.root.querySelector(".pane-head .avatar"), seat);
  }

  // A guest may just have become a resident: by a code, and a yes to what is kept.
  async settled() {
    if (this.side === "resident" && this.seat.chat.startsWith("guest:")) this.introduce((await get("/web/state")).left);
  }

  // How far the log had come when the shown chats were read.
  async load() {
    const chats = [this.seat.chat, this.room?.chat].filter(Boolean);
    this.showRooms();
    const mine = (this.loading = Symbol("loading"));
    const pages = await Promise.all(chats.map(async (chat) => ({ chat, ...(await get(`/web/messages?chat=${encodeURIComponent(chat)}`)) })));
    if (this.loading === mine) this.log.begin(pages, this.empty());
    this.seen();
    return Math.min(...pages.map((page) => page.cursor));
  }

  get chats() {
    return [this.seat.chat, ...this.rooms.map((room) => room.chat)];
  }

  shows(chat) {
    return chat === this.seat.chat || chat === this.room?.chat;
  }

  owns = (message) => message.sender === "me" || message.sender === this.seat.chat;

  isPrivate = (message) => this.side === "staff" && message.chat === this.seat.chat;

  speaker = (chat) => (chat === this.seat.chat ? "me" : this.seat.chat);

  find = (number) => this.log.find(number);

  visible = () => this.root.offsetParent !== null && !document.hidden;

  // News of one of this side's chats. What is still on its way is told by the one who sends it.
  arrived(message, sent = false) {
    if (!this.chats.includes(message.chat)) return;
    if (!sent && this.sending.decides(message)) return;
    if (this.shows(message.chat)) this.log.put(message, { local: sent });
    if (!this.owns(message)) this.stopWaiting(message.chat);
    if (!this.owns(message) && !(this.visible() && this.shows(message.chat))) this.note(message);
  }

  note(message) {
    if (!this.unread.has(message.chat)) this.unread.set(message.chat, new Set());
    this.unread.get(message.chat).add(message.id);
    this.showRooms();
    this.counted();
  }

  seen() {
    if (this.visible()) for (const chat of this.chats) if (this.shows(chat)) this.unread.delete(chat);
    this.showRooms();
    this.counted();
  }

  get count() {
    return [...this.unread.values()].reduce((sum, ids) => sum + ids.size, 0);
  }

  say(text, files, answered) {
    const chat = answered?.chat ?? this.seat.chat;
    if (files.length) this.sending.photos(chat, files, text, answered);
    else this.sending.say(chat, text, answered);
  }

  again = (message) => this.sending.again(message);

  answer = (message) => this.composer.answer(message);

  enlarge = (photos, number) => enlarge(photos, number);

  enter(entry) {
    this.press({ chat: this.seat.chat, key: newKey(), data: entry.data });
  }

  async tap(message, button, chip) {
    chip.setAttribute("aria-busy", "true");
    await this.press({ chat: message.chat, key: newKey(), data: button.data, message: message.id });
    chip.removeAttribute("aria-busy");
  }

  press(body) {
    return this.sending.inTurn(() => this.handOver(body));
  }

  async handOver(body) {
    const stop = this.wait(body.chat);
    try {
      const answer = await post("/web/tap", body);
      if (answer.hint) this.remark(answer.hint);
      await this.settled();
    } catch (refusal) {
      this.refused(refusal);
    } finally {
      stop();
    }
  }

  remark(words) {
    toast(words, this.root);
  }

  refused(refusal) {
    const known = ["too_large", "not_a_picture", "try_later", "offline", "not_yours", "no_session"];
    this.remark(say(`error_${known.includes(refusal.key) ? refusal.key : "unclear"}`, { most: 10 }));
  }

  returned(message) {
    this.composer.restore(message.text);
  }

  // Show that the desk is at work, if it takes more than a blink; private chats only, groups are many.
  wait(chat) {
    if (chat !== this.seat.chat) return () => {};
    const timer = setTimeout(() => this.log.busy(true), TYPING_AFTER);
    this.waiting.set(timer, chat);
    return () => this.stopWaiting(chat, timer);
  }

  stopWaiting(chat, timer) {
    for (const [one, where] of this.waiting) {
      if (where !== chat || (timer !== undefined && one !== timer)) continue;
      clearTimeout(one);
      this.waiting.delete(one);
    }
    if (!this.waiting.size) this.log.busy(false);
  }

  empty() {
    const staff = this.side === "staff";
    const chips = staff ? [] : this.menu.map((entry, number) => node("div", { className: "choices-row" }, node("button", { type: "button", className: number ? "chip" : "chip primary", text: entry.label, on: { click: () => this.enter(entry) } })));
    const mark = document.querySelector(".brand .mark").cloneNode(true);
    return node(
      "div",
      { className: "empty" },
      mark,
      node("h2", { text: say(staff ? "staff_empty_title" : "empty_title") }),
      node("p", { text: say(staff ? "staff_empty_text" : "empty_text") }),
      chips.length > 0 && node("div", { className: "choices" }, ...chips),
    );
  }

  showRooms() {
    if (!this.roomTabs) return;
    this.roomTabs.hidden = this.rooms.length === 0;
    const held = this.roomTabs.contains(document.activeElement);
    this.roomTabs.replaceChildren(...this.rooms.map((room) => this.roomTab(room)));
    if (held) this.roomTabs.querySelector("[aria-selected=true]").focus();
  }

  roomTab(room) {
    const chosen = room === this.room;
    const count = this.unread.get(room.chat)?.size ?? 0;
    const badge = count > 0 && node("span", { className: "badge", text: String(count), "aria-label": say("unread", { count }) });
    return node("button", { type: "button", role: "tab", "aria-selected": String(chosen), tabIndex: chosen ? 0 : -1, data: { room: room.chat }, on: { click: () => this.switchTo(room) } }, node("span", { text: room.name }), badge);
  }

  switchTo(room) {
    if (room === this.room) return;
    this.room = room;
    this.composer.answer(null, false);
    this.load();
  }

  walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !this.room) return;
    event.preventDefault();
    const count = this.rooms.length;
    this.switchTo(this.rooms[(this.rooms.indexOf(this.room) + step + count) % count]);
  }
}
