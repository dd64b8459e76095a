// Making elements. Texts are always texts: nothing anybody writes becomes markup.

export function node(tag, { text, on, data, ...properties } = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name in made && !name.startsWith("aria")) made[name] = value;
    else made.setAttribute(name, value);
  }
  Object.assign(made.dataset, data);
  for (const [name, heard] of Object.entries(on ?? {})) made.addEventListener(name, heard);
  if (text !== undefined) made.textContent = text;
  made.append(...children.filter(Boolean));
  return made;
}

const LINES = {
  lock: ["M7.5 11V8.5a4.5 4.5 0 0 1 9 0V11", "M6 11h12v8.5H6z"],
  reply: ["M10 7 5 12l5 5", "M5.5 12H14a5 5 0 0 1 5 5v1"],
  close: ["m7 7 10 10M17 7 7 17"],
};

// The desk's own signs are drawn, so that they look alike wherever the page is read.
const SIGNS = {
  "🔧": ["wrench", "M14.5 6.5a4 4 0 0 1 5-1l-2.5 2.5v2h2l2.5-2.5a4 4 0 0 1-5.5 4.7L9 19.2a2.3 2.3 0 0 1-3.2-3.2l7-7a4 4 0 0 1 1.7-2.5z"],
  "🚨": ["siren", "M7 17v-4.5a5 5 0 0 1 10 0V17M5 20h14v-3H5zM12 4V2.5M5.5 6.5l-1-1M18.5 6.5l1-1"],
  "📷": ["camera", "M4 8.5A2.5 2.5 0 0 1 6.5 6h1.3l1.4-2h5.6l1.4 2h1.3A2.5 2.5 0 0 1 20 8.5v8a2.5 2.5 0 0 1-2.5 2.5h-11A2.5 2.5 0 0 1 4 16.5zM12 15.5a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6z"],
  "⏰": ["clock", "M12 20a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM12 8.5v4l2.7 1.7M4 6l2.5-2.5M20 6l-2.5-2.5"],
  "⚠": ["warning", "M12 4.5 21 19.5H3zM12 10.5v4M12 17v.1"],
  "✅": ["check", "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM8.3 12.3l2.6 2.6 4.9-5.3"],
  "🏡": ["house", "M4 11.5 12 4.5l8 7M6 10v9.5h12V10M10 19.5V14h4v5.5"],
  "📞": ["phone", "M6 4.5h3.5l1.5 4-2 1.7a11 11 0 0 0 4.8 4.8l1.7-2 4 1.5V18a2 2 0 0 1-2 2A15.5 15.5 0 0 1 4 6.5a2 2 0 0 1 2-2z"],
  "⏸": ["pause", "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM10 9v6M14 9v6"],
};
const SIGN = new RegExp(`(${Object.keys(SIGNS).join("|")})\\ufe0f?`, "u");

export function lettered(text) {
  const pieces = document.createDocumentFragment();
  text.split(SIGN).forEach((piece) => {
    if (!(piece in SIGNS)) return pieces.append(piece);
    const [name, line] = SIGNS[piece];
    const sign = drawn([line], `icon sign sign-${name}`);
    sign.removeAttribute("aria-hidden");
    sign.setAttribute("role", "img");
    sign.setAttribute("aria-label", piece);
    return pieces.append(sign);
  });
  return pieces;
}

export const icon = (name) => drawn(LINES[name], "icon icon-small");

function drawn(lines, className) {
  const space = "http://www.w3.org/2000/svg";
  const drawn = document.createElementNS(space, "svg");
  drawn.setAttribute("viewBox", "0 0 24 24");
  drawn.setAttribute("class", className);
  drawn.setAttribute("aria-hidden", "true");
  for (const line of lines) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", line);
    drawn.append(path);
  }
  return drawn;
}

export function avatar(shown, seat) {
  shown.textContent = Array.from(seat.name.trim())[0] ?? "·";
  shown.dataset.tone = String(Array.from(seat.chat + seat.name).reduce((sum, char) => sum + char.codePointAt(0), 0) % 6);
}

// A remark for a moment, in the pane it belongs to or over the whole page; no words end the last one.
export function toast(words, where = document.body) {
  const shown = where.querySelector(":scope > .toast, .stage > .toast");
  if (words) shown.replaceChildren(lettered(words));
  shown.classList.toggle("on", Boolean(words));
  clearTimeout(Number(shown.dataset.fading));
  shown.dataset.fading = String(setTimeout(() => shown.classList.remove("on"), Math.min(2000 + words.length * 60, 5000)));
}
