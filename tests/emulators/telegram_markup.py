"""The buttons under a message and the keyboard that replaces the phone's own."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.emulators.telegram_errors import JSON, bad_request

INLINE_ACTIONS = {
    *("url", "callback_data", "web_app", "login_url", "switch_inline_query", "pay", "copy_text"),
    *("switch_inline_query_current_chat", "switch_inline_query_chosen_chat", "callback_game"),
}
MOST_BUTTONS = 100


@dataclass(frozen=True, slots=True)
class Button:
    """One button as a thumb sees it."""

    text: str
    data: str | None = None
    url: str | None = None
    request_contact: bool = False
    request_location: bool = False

    def answers_to(self, name: str) -> bool:
        return name in (self.text, self.data)


Rows = list[list[Button]]


def check_markup(markup: object, *, private: bool) -> JSON | None:
    """A reply_markup as Telegram accepts it; None when there is none."""
    if markup in (None, "", {}):
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in markup:
        _check_rows(markup["inline_keyboard"], _check_inline)
    elif "keyboard" in markup:
        _check_rows(markup["keyboard"], lambda button: _check_reply(button, private))
    elif not (markup.get("remove_keyboard") or markup.get("force_reply")):
        raise bad_request("can't parse reply markup JSON object")
    return markup


def inline_rows(markup: JSON | None) -> Rows:
    rows = (markup or {}).get("inline_keyboard", [])
    return [
        [Button(button["text"], button.get("callback_data"), button.get("url")) for button in row]
        for row in rows
    ]


def keyboard_rows(markup: JSON | None) -> Rows:
    rows = (markup or {}).get("keyboard", [])
    return [[_as_key(button) for button in row] for row in rows]


def every_button(rows: Rows) -> Iterator[Button]:
    for row in rows:
        yield from row


def _as_key(button: object) -> Button:
    if isinstance(button, str):
        return Button(button)
    assert isinstance(button, dict)
    return Button(
        button["text"],
        request_contact=bool(button.get("request_contact")),
        request_location=bool(button.get("request_location")),
    )


def _check_rows(rows: object, check: object) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse reply markup: array of arrays of buttons expected")
    assert callable(check)
    buttons = [button for row in rows for button in row]
    if len(buttons) > MOST_BUTTONS:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    for button in buttons:
        check(button)


def _check_inline(button: object) -> None:
    if not isinstance(button, dict) or not button.get("text"):
        raise bad_request("can't parse inline keyboard button: Can't find field \"text\"")
    actions = {key for key, value in button.items() if key in INLINE_ACTIONS and value is not None}
    if len(actions) != 1:
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    data = button.get("callback_data")
    if data is not None and not (isinstance(data, str) and 1 <= len(data.encode()) <= 64):
        raise bad_request("BUTTON_DATA_INVALID")


def _check_reply(button: object, private: bool) -> None:
    if isinstance(button, str):
        return
    if not isinstance(button, dict) or not button.get("text"):
        raise bad_request("can't parse keyboard button: Can't find field \"text\"")
    if button.get("request_contact") and not private:
        raise bad_request("phone number can be requested in private chats only")
    if button.get("request_location") and not private:
        raise bad_request("location can be requested in private chats only")
