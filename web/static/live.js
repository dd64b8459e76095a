// News from the server as they happen; a lost line is found again, and nothing said meanwhile is missed.

export class Live {
  constructor({ news, anew, state }) {
    Object.assign(this, { news, anew, state, source: null, timer: 0, pause: 1000 });
    addEventListener("online", () => this.source && this.open());
    addEventListener("pagehide", () => this.source?.close());
    addEventListener("pageshow", (event) => event.persisted && this.open());
  }

  follow(chats, cursor) {
    this.chats = chats;
    this.cursor = cursor;
    this.open();
  }

  open() {
    clearTimeout(this.timer);
    this.source?.close();
    const source = new EventSource(`/web/live?chats=${encodeURIComponent(this.chats.join(","))}&after=${this.cursor}`);
    this.source = source;
    source.onopen = () => {
      this.pause = 1000;
      this.state(true);
    };
    source.onmessage = (event) => {
      const message = JSON.parse(event.data);
      this.cursor = Math.max(this.cursor, message.changed);
      this.news(message);
    };
    source.addEventListener("reset", () => {
      source.close();
      this.anew();
    });
    source.onerror = () => this.lost(source);
  }

  // The browser tries again by itself after a break, but gives up for good after an error's answer.
  lost(source) {
    this.state(false);
    if (source.readyState !== EventSource.CLOSED || source !== this.source) return;
    this.timer = setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(this.pause * 2, 20000);
  }
}
