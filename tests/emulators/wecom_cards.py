"""Template cards: what the vendor takes, and how a client draws it (WeCom docs: 模板卡片类型)."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from tests.emulators.tencent_errors import JSON
from tests.emulators.wecom_errors import (
    BAD_KEY,
    BAD_TASK,
    NO_BUTTON_NAME,
    NO_KEY,
    URL_WITHOUT_SCHEME,
    Refused,
    bad_parameter,
)
from tests.emulators.wecom_shown import Button, Card, Link, Question, Row

NOTICES = ("text_notice", "news_notice")
INTERACTIVE = ("button_interaction", "vote_interaction", "multiple_interaction")
KINDS = NOTICES + INTERACTIVE
"""Robots send the former two, apps all of them."""

TASK = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
BUTTON_TEXT = 10
KEY_BYTES = 1024
CUT_AT = {
    "source.desc": 13,
    "main_title.title": 26,
    "main_title.desc": 30,
    "emphasis_content.title": 10,
    "emphasis_content.desc": 15,
    "sub_title_text": 112,
    "horizontal_content_list.keyname": 5,
    "horizontal_content_list.value": 26,
    "vertical_content_list.title": 26,
    "vertical_content_list.desc": 112,
    "jump_list.title": 13,
}
"""The vendor's advice, in characters: a client cuts what is longer."""


def is_interactive(card: Card) -> bool:
    """Whether the app gets a response_code for it: it has something to tap that calls back."""
    return card.kind in INTERACTIVE or any(button.menu for button in card.buttons)


def read_card(given: object, allowed: Collection[str] = KINDS, *, task_id: str = "") -> Card:
    """The card as it will look; Refused when the vendor would not take it.

    `task_id`, of the card that is being updated, spares the new one from bringing its own.
    """
    if not isinstance(given, dict) or not given:
        raise bad_parameter("template_card missing")
    if given.get("card_type") not in allowed:
        raise bad_parameter(f"template_card.card_type {given.get('card_type')!r} invalid")
    return Drawing(given, task_id).card()


@dataclass(slots=True)
class Drawing:
    """One card being read, field by field."""

    given: JSON
    old_task: str = ""
    cut: list[str] = field(default_factory=list)

    def card(self) -> Card:
        kind = self.given["card_type"]
        self._refuse_incomplete(kind)
        buttons = (*self._buttons(kind), *self._menu())
        emphasis = self._words("emphasis_content", "title"), self._words("emphasis_content", "desc")
        replaced = str(self.given.get("replace_text") or "")
        return Card(
            kind,
            title=self._words("main_title", "title"),
            desc=self._words("main_title", "desc"),
            source=self._words("source", "desc"),
            emphasis=" ".join(one for one in emphasis if one),
            quote=self._quote(),
            subtitle=self._text("sub_title_text", self.given.get("sub_title_text")),
            picture=self._picture(kind),
            rows=(*self._rows(), *self._vertical()),
            links=self._links(),
            buttons=tuple(one for one in buttons if one.menu) if replaced else buttons,
            questions=self._questions(kind),
            url=self._action(kind),
            task_id=self._task(kind, buttons),
            replaced=replaced,
            cut=tuple(self.cut),
        )

    def _refuse_incomplete(self, kind: str) -> None:
        title = self._part("main_title").get("title")
        if kind == "text_notice" and not (title or self.given.get("sub_title_text")):
            raise bad_parameter("template_card.main_title.title and sub_title_text missing")
        if kind != "text_notice" and not title:
            raise bad_parameter("template_card.main_title.title missing")

    def _part(self, name: str) -> JSON:
        part = self.given.get(name) or {}
        if not isinstance(part, dict):
            raise bad_parameter(f"template_card.{name} invalid")
        return part

    def _list(self, name: str, most: int, part: JSON | None = None) -> list[JSON]:
        found = (self.given if part is None else part).get(name) or []
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise bad_parameter(f"template_card.{name} invalid")
        if len(found) > most:
            raise bad_parameter(f"template_card.{name} exceed max length {most}")
        return found

    def _words(self, name: str, field_name: str) -> str:
        return self._text(f"{name}.{field_name}", self._part(name).get(field_name))

    def _text(self, name: str, value: object) -> str:
        if not isinstance(value, str | None):
            raise bad_parameter(f"template_card.{name} invalid")
        words, most = value or "", CUT_AT.get(name)
        if most is None or len(words) <= most:
            return words
        self.cut.append(name)
        return words[: most - 1] + "…"

    def _needed(self, name: str, value: object) -> str:
        if not value:
            raise bad_parameter(f"template_card.{name} missing")
        return self._text(name, value)

    def _quote(self) -> str:
        quote = self._part("quote_area")
        self._page("quote_area", quote)
        return "\n".join(str(one) for one in (quote.get("title"), quote.get("quote_text")) if one)

    def _picture(self, kind: str) -> str:
        image, beside = self._part("card_image"), self._part("image_text_area")
        if kind == "news_notice" and not (image or beside):
            raise bad_parameter("template_card.card_image and image_text_area missing")
        self._page("image_text_area", beside)
        if not (image or beside):
            return ""
        return address("card_image.url", image.get("url") if image else beside.get("image_url"))

    def _rows(self) -> tuple[Row, ...]:
        name = "horizontal_content_list"
        return tuple(
            Row(
                self._needed(f"{name}.keyname", one.get("keyname")),
                self._text(f"{name}.value", one.get("value")),
                self._page(name, one),
                self._needed(f"{name}.userid", one.get("userid")) if one.get("type") == 3 else "",
            )
            for one in self._list(name, 6)
        )

    def _vertical(self) -> tuple[Row, ...]:
        name = "vertical_content_list"
        return tuple(
            Row(self._needed(f"{name}.title", one.get("title")), self._text(f"{name}.desc", one.get("desc")))
            for one in self._list(name, 4)
        )

    def _links(self) -> tuple[Link, ...]:
        name = "jump_list"
        return tuple(
            Link(self._needed(f"{name}.title", one.get("title")), self._page(name, one))
            for one in self._list(name, 3)
        )

    def _page(self, name: str, part: JSON) -> str:
        """Where a part leads, if it leads to a page: type 1."""
        return address(f"{name}.url", part.get("url")) if part.get("type") == 1 else ""

    def _action(self, kind: str) -> str:
        action = self._part("card_action")
        if kind in NOTICES and action.get("type") not in (1, 2):
            raise bad_parameter("template_card.card_action missing")
        if action.get("type") == 2 and not action.get("appid"):
            raise bad_parameter("template_card.card_action.appid missing")
        return self._page("card_action", action)

    def _buttons(self, kind: str) -> tuple[Button, ...]:
        if kind == "button_interaction":
            given = self._list("button_list", 6)
            if not given:
                raise bad_parameter("template_card.button_list missing")
            return tuple(read_button(one) for one in given)
        if kind in INTERACTIVE:
            return (read_button(self._part("submit_button")),)
        return ()

    def _menu(self) -> tuple[Button, ...]:
        menu = self._part("action_menu")
        given = self._list("action_list", 3, menu)
        if menu and not given:
            raise bad_parameter("template_card.action_menu.action_list missing")
        return tuple(read_button(one, menu=True) for one in given)

    def _questions(self, kind: str) -> tuple[Question, ...]:
        if kind == "multiple_interaction":
            found = self._list("select_list", 3)
        else:
            name, most = ("checkbox", 20) if kind == "vote_interaction" else ("button_selection", 10)
            found = [self._part(name)] if self.given.get(name) else []
            self._list("option_list", most, self._part(name))
        if kind in ("vote_interaction", "multiple_interaction") and not found:
            raise bad_parameter("template_card.select_list or checkbox missing")
        return tuple(self._question(one) for one in found)

    def _question(self, one: JSON) -> Question:
        options = self._list("option_list", 20, one)
        chosen = [one.get("selected_id"), *(o.get("id") for o in options if o.get("is_checked"))]
        return Question(
            self._needed("question_key", one.get("question_key")),
            str(one.get("title") or ""),
            tuple(
                (self._needed("option.id", o.get("id")), self._needed("option.text", o.get("text")))
                for o in options
            ),
            tuple(str(option) for option in chosen if option),
        )

    def _task(self, kind: str, buttons: tuple[Button, ...]) -> str:
        task = self.given.get("task_id") or self.old_task
        needed = kind in INTERACTIVE or any(button.menu for button in buttons)
        if (task or needed) and not (isinstance(task, str) and TASK.fullmatch(task)):
            raise Refused(BAD_TASK)
        return task


def read_button(given: JSON, *, menu: bool = False) -> Button:
    text, key, opens = given.get("text"), given.get("key"), given.get("type") == 1
    if not text or not isinstance(text, str):
        raise Refused(NO_BUTTON_NAME)
    if len(text) > BUTTON_TEXT:
        raise bad_parameter(f"template_card.button_list.text exceed max length {BUTTON_TEXT}")
    if given.get("style", 1) not in (1, 2, 3, 4):
        raise bad_parameter("template_card.button_list.style invalid")
    style = int(given.get("style", 1))
    if opens:
        return Button(text, url=address("button_list.url", given.get("url")), style=style)
    return Button(text, key=_key(key), style=style, menu=menu)


def _key(key: object) -> str:
    if not key:
        raise Refused(NO_KEY)
    if not isinstance(key, str) or len(key.encode()) > KEY_BYTES:
        raise Refused(BAD_KEY)
    return key


def address(name: str, url: object) -> str:
    """A page's address, which has to say its protocol."""
    if not url or not isinstance(url, str):
        raise bad_parameter(f"template_card.{name} missing")
    if not url.startswith(("http://", "https://")):
        raise Refused(URL_WITHOUT_SCHEME)
    return url
