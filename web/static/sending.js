// What somebody does is handed over in order; what they say is shown at once, and waits to be sent again if it must.

import { newKey, post } from "./api.js";

const PAUSES = [800, 2500];

export class Sending {
  constructor(pane) {
    this.pane = pane;
    this.queue = Promise.resolve();
    this.open = new Map();
  }

  say(chat, text, answered) {
    const key = newKey();
    const body = { chat, key, text, ...(answered && { reply_to: answered.id }) };
    this.begin({ key, chat, text, photos: [], reply_to: answered?.id }, () => post("/web/say", body));
  }

  photos(chat, files, text, answered) {
    const key = newKey();
    const form = new FormData();
    for (const [name, value] of Object.entries({ chat, key, text, reply_to: answered?.id ?? "" })) if (value) form.append(name, value);
    for (const file of files) form.append("photos", file);
    const photos = files.map((file) => URL.createObjectURL(file));
    this.begin({ key, chat, text, photos, reply_to: answered?.id }, () => post("/web/photos", form));
  }

  begin(said, request) {
    const message = { ...said, sender: this.pane.speaker(said.chat), at: new Date().toISOString(), state: "sending" };
    this.open.set(message.key, { message, request });
    this.pane.log.put(message, { local: true });
    this.inTurn(() => this.deliver(message.key));
  }

  // Whether the fate of a message is still being decided here.
  decides(message) {
    return Boolean(message.key) && this.open.has(message.key) && !this.open.get(message.key).failed;
  }

  // A tap does not overtake the words before it, nor words a tap: each waits until the desk has the one before.
  inTurn(deed) {
    const done = this.queue.then(deed);
    this.queue = done.catch(() => {});
    return done;
  }

  async deliver(key) {
    const { message, request } = this.open.get(key);
    const stop = this.pane.wait(message.chat);
    try {
      const answer = await insist(request);
      this.open.delete(key);
      for (const photo of message.photos) URL.revokeObjectURL(photo);
      if (answer.message) this.pane.arrived(answer.message, true);
      this.pane.remark(answer.hint ?? "");
      this.pane.settled().catch(() => {});
    } catch (refusal) {
      const kept = this.open.get(key);
      if (refusal.again) {
        kept.failed = true;
        this.pane.log.put({ ...message, ...(refusal.written ?? {}), state: "failed" }, { local: true });
      } else {
        this.open.delete(key);
        this.pane.log.remove(message);
        this.pane.returned(message);
      }
      this.pane.refused(refusal);
    } finally {
      stop();
    }
  }

  again(message) {
    const kept = this.open.get(message.key);
    const sending = { ...message, state: "sending", at: new Date().toISOString() };
    const request = kept?.request ?? (() => post("/web/again", { chat: message.chat, message: message.id }));
    this.open.set(message.key, { message: { photos: [], ...sending }, request });
    this.pane.log.put(sending, { local: true });
    this.inTurn(() => this.deliver(message.key));
  }
}

// A request that may simply have been unlucky is made three times; its key makes it one message all the same.
async function insist(request) {
  for (const pause of PAUSES) {
    try {
      return await request();
    } catch (refusal) {
      if (!refusal.again) throw refusal;
      await new Promise((done) => setTimeout(done, pause));
    }
  }
  return request();
}
