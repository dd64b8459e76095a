"""How long a text is for the vendor, and what in it is bold, a link or a command."""

import re
from dataclasses import dataclass
from html import unescape

from tests.emulators.telegram_errors import JSON, bad_request

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024

FOUND_BY_THE_SERVER = [
    ("bot_command", re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?")),
    ("url", re.compile(r"https?://[^\s]+")),
    ("mention", re.compile(r"(?<![\w@/])@[A-Za-z0-9_]{4,32}")),
]
TAG = re.compile(r"<(/?)([A-Za-z0-9-]*)([^<>]*)>")
ENTITY_OF_TAG = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),
    **{kind: kind for kind in ("code", "pre", "blockquote")},
    "a": "text_link",
}


def units(text: str) -> int:
    """The length in UTF-16 code units, which is how Telegram counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, slots=True)
class Formatted:
    text: str
    entities: list[JSON]

    def as_fields(self, text_key: str, entities_key: str) -> JSON:
        return {text_key: self.text} | ({entities_key: self.entities} if self.entities else {})


def formatted(text: str, entities: list[JSON] | None, parse_mode: str | None) -> Formatted:
    """What Telegram makes of a bot's text. Markdown is taken as it stands, HTML is read in full."""
    if parse_mode and parse_mode.lower() not in ("html", "markdown", "markdownv2"):
        raise bad_request("unsupported parse_mode")
    if parse_mode and parse_mode.lower() == "html":
        text, entities = _read_html(text)
    given = entities or []
    check_entities(text, given)
    text = text.rstrip() if given else text.strip()
    return Formatted(text, given + found_entities(text, given))


def check_entities(text: str, entities: list[JSON]) -> None:
    """Each entity lies inside the text and cuts no character in two."""
    length = units(text)
    borders = _borders(text) if entities else set()
    for entity in entities:
        begin, size = entity.get("offset"), entity.get("length")
        if not isinstance(begin, int) or not isinstance(size, int) or not entity.get("type"):
            raise bad_request("can't parse MessageEntity: fields type, offset and length are required")
        if begin < 0 or size <= 0 or begin + size > length:
            raise bad_request(
                f"entity beginning at UTF-16 offset {begin} ends after the end of the text "
                f"at UTF-16 offset {length}"
            )
        if begin not in borders or begin + size not in borders:
            raise bad_request(
                f"entity at UTF-16 offset {begin} begins or ends in a middle of a UTF-16 symbol"
            )


def found_entities(text: str, given: list[JSON] | None = None) -> list[JSON]:
    """Commands, links and mentions, which the server finds by itself."""
    taken = [(entity["offset"], entity["offset"] + entity["length"]) for entity in given or []]
    found: list[JSON] = []
    for kind, pattern in FOUND_BY_THE_SERVER:
        for match in pattern.finditer(text):
            begin, size = units(text[: match.start()]), units(match.group())
            if not any(begin < end and start < begin + size for start, end in taken):
                taken.append((begin, begin + size))
                found.append({"type": kind, "offset": begin, "length": size})
    return sorted(found, key=lambda entity: int(entity["offset"]))


def split_by_the_phone(text: str) -> list[str]:
    """A long text leaves a phone as several messages of at most 4096 units."""
    parts, part, size = [], "", 0
    for character in text:
        width = units(character)
        if size + width > TEXT_LIMIT:
            parts.append(part)
            part, size = "", 0
        part, size = part + character, size + width
    return [*parts, part]


def _borders(text: str) -> set[int]:
    borders, at = {0}, 0
    for character in text:
        at += units(character)
        borders.add(at)
    return borders


def _read_html(source: str) -> tuple[str, list[JSON]]:
    text, at = "", 0
    entities: list[JSON] = []
    still_open: list[tuple[str, JSON]] = []
    while at < len(source):
        if source[at] != "<":
            upto = source.find("<", at)
            upto = len(source) if upto < 0 else upto
            text, at = text + unescape(source[at:upto]), upto
            continue
        tag = TAG.match(source, at)
        if tag is None:
            raise _unparsed(f"Unclosed start tag at byte offset {_byte(source, at)}")
        closing, name, attributes = tag.groups()
        if closing:
            _close(name, still_open, text, entities, _byte(source, at))
        else:
            still_open.append((name.lower(), _opened(name, attributes, text, _byte(source, at))))
        at = tag.end()
    if still_open:
        raise _unparsed(f'Can\'t find end tag corresponding to start tag "{still_open[-1][0]}"')
    return text, sorted(entities, key=lambda entity: int(entity["offset"]))


def _opened(name: str, attributes: str, text: str, offset: int) -> JSON:
    kind = ENTITY_OF_TAG.get(name.lower())
    if kind is None:
        raise _unparsed(f'Unsupported start tag "{name}" at byte offset {offset}')
    entity: JSON = {"type": kind, "offset": units(text)}
    address = re.search(r"href\s*=\s*[\"']?([^\"']*)", attributes)
    return entity | ({"url": unescape(address.group(1))} if kind == "text_link" and address else {})


def _close(
    name: str, still_open: list[tuple[str, JSON]], text: str, entities: list[JSON], offset: int
) -> None:
    if not still_open or still_open[-1][0] != name.lower():
        raise _unparsed(f'Unexpected end tag "{name}" at byte offset {offset}')
    _, entity = still_open.pop()
    size = units(text) - int(entity["offset"])
    if size:
        entities.append(entity | {"length": size})


def _byte(source: str, at: int) -> int:
    return len(source[:at].encode())


def _unparsed(why: str) -> Exception:
    return bad_request(f"can't parse entities: {why}")
