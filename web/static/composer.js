// Where one writes: words, photos, an answer to a card, the menu.

import { icon, node } from "./nodes.js";
import { say } from "./words.js";

const MOST = 10;
const LARGEST = 20 * 1024 * 1024;
const KINDS = ["image/jpeg", "image/png", "image/webp"];

export class Composer {
  constructor(root, pane) {
    this.pane = pane;
    this.form = root.querySelector(".composer");
    this.words = this.form.querySelector("textarea");
    this.send = this.form.querySelector(".send");
    this.drafts = this.form.querySelector(".drafts");
    this.quote = this.form.querySelector(".quote");
    this.menu = this.form.querySelector(".menu");
    this.opener = this.form.querySelector(".menu-open");
    this.usual = this.words.placeholder;
    this.files = [];
    this.answered = null;
    this.listen(root);
  }

  listen(root) {
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.words.addEventListener("input", () => this.fit());
    this.words.addEventListener("keydown", (event) => this.key(event));
    this.words.addEventListener("paste", (event) => this.add([...event.clipboardData.files], event));
    const picker = this.form.querySelector("input[type=file]");
    picker.addEventListener("change", () => {
      this.add([...picker.files]);
      picker.value = "";
    });
    this.quote.querySelector("button").addEventListener("click", () => this.answer(null));
    this.opener.addEventListener("click", () => this.showMenu(this.menu.hidden));
    this.menu.addEventListener("keydown", (event) => this.walk(event));
    this.form.addEventListener("keydown", (event) => event.key === "Escape" && this.showMenu(false));
    document.addEventListener("pointerdown", (event) => {
      if (!this.menu.contains(event.target) && !this.opener.contains(event.target)) this.showMenu(false);
    });
    this.drop(root);
  }

  drop(root) {
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    root.addEventListener("dragover", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      root.classList.add("drop");
    });
    root.addEventListener("dragleave", (event) => !root.contains(event.relatedTarget) && root.classList.remove("drop"));
    root.addEventListener("drop", (event) => {
      root.classList.remove("drop");
      if (carries(event)) this.add([...event.dataTransfer.files], event);
    });
  }

  // While Chinese is being typed, Enter belongs to the input method.
  key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) this.submit(event);
    if (event.key === "Escape" && this.answered) this.answer(null);
  }

  submit(event) {
    event.preventDefault();
    const text = this.words.value.trim();
    if (!text && !this.files.length) return;
    this.pane.say(text, this.files, this.answered);
    this.clear();
  }

  clear() {
    this.words.value = "";
    this.files = [];
    this.showDrafts();
    this.answer(null, false);
    this.fit();
  }

  // Give back what could not be taken at all, to be mended.
  restore(text) {
    if (!this.words.value) this.words.value = text;
    this.fit();
  }

  fit() {
    this.words.style.height = "auto";
    this.words.style.height = `${this.words.scrollHeight + 2}px`;
    this.send.disabled = !this.words.value.trim() && !this.files.length;
  }

  add(files, event) {
    if (!files.length) return;
    event?.preventDefault();
    const fit = files.filter((file) => KINDS.includes(file.type) && file.size <= LARGEST);
    if (fit.length < files.length) this.pane.remark(say(files.some((file) => !KINDS.includes(file.type)) ? "error_not_a_picture" : "error_too_large"));
    const taken = fit.slice(0, MOST - this.files.length);
    if (taken.length < fit.length) this.pane.remark(say("error_too_many", { most: MOST }));
    this.files.push(...taken);
    this.showDrafts();
    this.words.focus();
  }

  showDrafts() {
    for (const shown of this.drafts.querySelectorAll("img")) URL.revokeObjectURL(shown.src);
    this.drafts.replaceChildren(...this.files.map((file) => this.draft(file)));
    this.drafts.hidden = !this.files.length;
    this.hint();
    this.fit();
  }

  draft(file) {
    const remove = () => {
      this.files.splice(this.files.indexOf(file), 1);
      this.showDrafts();
      this.words.focus();
    };
    return node(
      "li",
      {},
      node("img", { src: URL.createObjectURL(file), alt: file.name }),
      node("button", { type: "button", "aria-label": say("remove_photo"), on: { click: remove } }, icon("close")),
    );
  }

  answer(message, focus = true) {
    this.answered = message;
    this.quote.hidden = !message;
    if (message) this.quote.querySelector(".quote-words").textContent = say("replying", { name: message.title || message.text.slice(0, 40) });
    this.hint();
    if (focus) this.words.focus();
  }

  hint() {
    const key = this.files.length ? "placeholder_photos" : this.answered && "placeholder_reply";
    this.words.placeholder = key ? say(key) : this.usual;
    this.words.setAttribute("aria-label", this.words.placeholder);
  }

  offer(entries) {
    const items = entries.map((entry) => node("button", { type: "button", role: "menuitem", text: entry.label, on: { click: () => this.choose(entry) } }));
    this.menu.replaceChildren(...items);
  }

  choose(entry) {
    this.showMenu(false);
    this.pane.enter(entry);
  }

  showMenu(open) {
    const had = this.menu.contains(document.activeElement);
    this.menu.hidden = !open;
    this.opener.setAttribute("aria-expanded", String(open));
    if (open) this.menu.firstElementChild?.focus();
    else if (had) this.opener.focus();
  }

  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...this.menu.children];
    items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
  }
}
