"""A message as a template card: one to look at, or one whose buttons come back to us."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from bot.wecom.escaping import address, plain
from bot.wecom.layout import LONGEST_EMPHASIS, LONGEST_LABEL, Layout, lay_out
from bot.wecom.words import body, heading, links, one_line
from handlers.cutting import in_signs, shortened
from handlers.envelopes import Button, Outgoing

MOST_BUTTONS, MOST_JUMPS = 6, 3
LONGEST_BUTTON = 10
NOTHING = "-"
"""The key of a button that cannot be tapped any more."""
_RED = 2
_STYLES = {"primary": 1, "danger": 4}
_NEUTRAL = 3

Fields: TypeAlias = dict[str, Any]


def taps(message: Outgoing) -> list[Button]:
    """The buttons that come back to us; no two of them mean the same."""
    by_data = {button.data: button for row in message.buttons for button in row if button.data}
    return list(by_data.values())


def notice(message: Outgoing) -> Fields | None:
    """A card of the kind text_notice; None where it would not show every word.

    It needs a page to open, and cannot call anybody (WeCom docs: 模板卡片类型, 文本通知).
    """
    pages = links(message)
    layout = _layout(message)
    fit = heading(message) and layout.fits and 0 < len(pages) <= MOST_JUMPS and not message.mention
    return _notice(layout, pages) if fit else None


def fits(message: Outgoing) -> bool:
    """Whether a card with buttons shows every word and every button."""
    return fits_words(message) and len(taps(message)) + len(links(message)) <= MOST_BUTTONS


def fits_words(message: Outgoing) -> bool:
    return _layout(message).fits


def is_form(message: Outgoing) -> bool:
    """Whether it is a ticket's facts, all of which are on its page; prose is not."""
    return _layout(message).form


def interactive(message: Outgoing, task: str) -> Fields:
    """A card of the kind button_interaction, cut to what clients show. `task` comes back with every tap."""
    return _faced("button_interaction", _layout(message).cut()) | {
        "task_id": task,
        "button_list": _buttons(message),
        **_opening(links(message)),
    }


def finished(message: Outgoing, task: str) -> Fields:
    """What a card becomes that has nothing left to be tapped (WeCom docs: 更新模版卡片消息)."""
    layout, pages = _layout(message).cut(), links(message)
    if pages:
        return _notice(layout, pages)
    over = shortened(layout.aside or "✓", LONGEST_BUTTON, in_signs)
    return _faced("button_interaction", layout) | {
        "task_id": task,
        "button_list": [{"text": plain(over), "style": _NEUTRAL, "key": NOTHING}],
        "replace_text": plain(over),
    }


def _layout(message: Outgoing) -> Layout:
    """A card must have a title: without one, the first line of the words is it."""
    title, text = heading(message), body(message)
    if not title:
        title, _, text = text.partition("\n")
    return lay_out(title or "…", text)


def _notice(layout: Layout, pages: Sequence[Button]) -> Fields:
    jumps = [
        {"type": 1, "url": address(page.url), "title": _label(page, LONGEST_LABEL)}
        for page in pages[-MOST_JUMPS:]
    ]
    emphasis = layout.urgent and 0 < len(layout.aside) <= LONGEST_EMPHASIS
    strong: Fields = {"emphasis_content": {"title": plain(layout.aside)}} if emphasis else {}
    return _faced("text_notice", layout) | strong | {"jump_list": jumps, **_opening(pages)}


def _faced(kind: str, layout: Layout) -> Fields:
    """What both kinds of cards show."""
    card: Fields = {"card_type": kind, "main_title": {"title": plain(layout.title)}}
    if layout.urgent:
        card["source"] = {"desc": plain(layout.subject), "desc_color": _RED}
    if layout.aside:
        card["main_title"]["desc"] = plain(layout.aside)
    if layout.quoted:
        card["quote_area"] = {
            "type": 0,
            "title": plain(layout.quote),
            "quote_text": plain(layout.quoted),
        }
    if layout.lines:
        card["sub_title_text"] = plain(layout.lines)
    if layout.rows:
        card["horizontal_content_list"] = [
            {"keyname": plain(key), "value": plain(value)} for key, value in layout.rows
        ]
    return card


def _opening(pages: Sequence[Button]) -> Fields:
    """The whole card opens the page of the last link, which is the ticket's own."""
    return {"card_action": {"type": 1, "url": address(pages[-1].url)}} if pages else {}


def _buttons(message: Outgoing) -> list[Fields]:
    """What can be tapped here first; where that is too much, the page has the rest."""
    pages = links(message)
    tapped = taps(message)[: MOST_BUTTONS - bool(pages)]
    opening = pages[-(MOST_BUTTONS - len(tapped)) :] if pages else []
    return [*map(_tap, tapped), *map(_page, opening)]


def _tap(button: Button) -> Fields:
    style = _STYLES.get(button.style, _NEUTRAL)
    return {"type": 0, "text": _label(button, LONGEST_BUTTON), "style": style, "key": button.data}


def _page(button: Button) -> Fields:
    text = _label(button, LONGEST_BUTTON)
    return {"type": 1, "text": text, "style": _NEUTRAL, "url": address(button.url)}


def _label(button: Button, most: int) -> str:
    return plain(shortened(one_line(button.label), most, in_signs))
