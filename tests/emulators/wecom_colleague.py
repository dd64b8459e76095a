"""Members of staff with WeCom on their phones: they write to the app, send photos and tap on its cards."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from tests.emulators.telegram_files import sample_photo
from tests.emulators.tencent_clock import Clock
from tests.emulators.tencent_errors import JSON
from tests.emulators.wecom_app import App, Member
from tests.emulators.wecom_media import AMR
from tests.emulators.wecom_postman import Postman
from tests.emulators.wecom_pushes import Push
from tests.emulators.wecom_screen import Screen
from tests.emulators.wecom_shown import Button, Card, Question, Shown

Chosen = Mapping[str, str | Sequence[str]]

_message_ids: Iterator[int] = count(7_561_255_354_251_345_929)


class NoSuchButton(LookupError):
    """The thumb looked for a button that is not on the screen."""


class Colleague(Screen):
    """A member of the company, and the chat with the app on their phone.

    Whatever they do returns a Push, which tells how the app took it: `await push.settled()`.
    """

    def __init__(self, userid: str, name: str, app: App, postman: Postman, corpid: str) -> None:
        super().__init__(name, app.changed)
        self.userid = userid
        self.app = app
        self.postman = postman
        self.corpid = corpid
        self.member = app.members.setdefault(userid, Member(userid, name, self))
        self.misspells = False
        """Whether SelectedItems come as OpitonIds, as some clients have been seen to spell it."""
        self._pictures = count(sum(userid.encode()))

    def say(self, text: str) -> Push:
        return self._write(Shown("text", text, self.userid), {"MsgType": "text", "Content": text})

    def photo(self, content: bytes | None = None) -> Push:
        """A picture; the app fetches it by its MediaId with media/get, or from PicUrl."""
        picture = sample_photo(next(self._pictures)) if content is None else content
        kept = self.app.media.keep("image", picture)
        fields = {"MsgType": "image", "PicUrl": f"{self.app.media.base()}/pic/{kept.id}", "MediaId": kept.id}
        return self._write(Shown("image", sender=self.userid, content=picture), fields)

    def voice(self, content: bytes = AMR + b"\n" + bytes(32)) -> Push:
        kept = self.app.media.keep("voice", content)
        fields = {"MsgType": "voice", "MediaId": kept.id, "Format": "amr"}
        return self._write(Shown("voice", sender=self.userid, content=content), fields)

    def video(self, content: bytes = bytes(64)) -> Push:
        kept = self.app.media.keep("video", content)
        thumb = self.app.media.keep("image", sample_photo(next(self._pictures)))
        fields = {"MsgType": "video", "MediaId": kept.id, "ThumbMediaId": thumb.id}
        return self._write(Shown("video", sender=self.userid, content=content), fields)

    def location(self, latitude: float = 30.25, longitude: float = 120.15, label: str = "某路1号") -> Push:
        place = {"Location_X": latitude, "Location_Y": longitude, "Scale": 15, "Label": label}
        fields = {"MsgType": "location", **place, "AppType": "wxwork"}
        return self._write(Shown("location", label, self.userid), fields)

    def link(self, title: str, url: str, description: str = "") -> Push:
        fields = {"MsgType": "link", "Title": title, "Description": description, "Url": url, "PicUrl": ""}
        return self._write(Shown("link", title, self.userid), fields)

    def tap(
        self, button: str, on: Shown | None = None, *, chosen: Chosen | None = None, stale: bool = False
    ) -> Push:
        """Tap a button by its text or key, on the latest card that has it, or on this one.

        `chosen` names the options picked for each question. `stale`: the phone still shows the card as it was
        before its updates, so a button that has gone can be tapped.
        """
        message, card, tapped = self._find(button, on, stale)
        event = "template_card_menu_event" if tapped.menu else "template_card_event"
        code = self.app.new_code(self.app.sent_to(self.userid, message))
        fields: JSON = {"EventKey": tapped.key, "TaskId": card.task_id, "CardType": card.kind}
        fields |= {"ResponseCode": code} | self._selected(card, chosen or {})
        return self._event(event, fields, message)

    def tap_forged(self, fields: Mapping[str, Any]) -> Push:
        """A tap with any fields at all: on a card that never was, say."""
        return self._event("template_card_event", fields)

    def enter(self) -> Push:
        """Open the chat with the app."""
        return self._event("enter_agent", {"EventKey": ""})

    def click(self, key: str) -> Push:
        """Tap an entry of the app's menu."""
        return self._event("click", {"EventKey": key})

    def subscribe(self) -> Push:
        """The administrator lets this colleague see the app."""
        self.member.sees_app = True
        return self._event("subscribe", {"EventKey": ""})

    def unsubscribe(self) -> Push:
        """This colleague may no longer see the app: writing to them is writing to nobody."""
        self.member.sees_app = False
        return self._event("unsubscribe", {"EventKey": ""})

    def event(self, name: str, **fields: Any) -> Push:
        """Any other event, known to the app or not."""
        return self._event(name, fields)

    def raw(self, **fields: Any) -> Push:
        """A message of any kind, with any fields."""
        return self._write(Shown(str(fields.get("MsgType")), sender=self.userid), fields)

    def _write(self, message: Shown, fields: Mapping[str, Any]) -> Push:
        if not self.member.sees_app:
            raise RuntimeError(f"{self.userid} does not see the app and cannot write to it")
        self.show(message)
        return self._push({**fields, "MsgId": str(next(_message_ids))}, message)

    def _event(self, name: str, fields: Mapping[str, Any], message: Shown | None = None) -> Push:
        return self._push({"MsgType": "event", "Event": name, **fields}, message)

    def _push(self, fields: Mapping[str, Any], message: Shown | None) -> Push:
        head = {"ToUserName": self.corpid, "FromUserName": self.userid, "CreateTime": self._now()}
        return self.postman.send(Push(self.userid, {**head, **fields, "AgentID": self.app.agentid}, message))

    def _now(self) -> int:
        clock: Clock = self.app.clock
        return clock.date()

    def _find(self, button: str, on: Shown | None, stale: bool) -> tuple[Shown, Card, Button]:
        for message in [on] if on else reversed(self.from_bot):
            shown = [message.card] if message.card else []
            for card in [*shown, *reversed(message.before)] if stale else shown:
                if tapped := card.button(button):
                    return message, card, tapped
        labels = [message.buttons for message in self.from_bot if message.card]
        raise NoSuchButton(f"no button {button!r} that calls back; on the screen: {labels}")

    def _selected(self, card: Card, chosen: Chosen) -> JSON:
        if not card.questions:
            return {}
        outer, inner = ("OpitonIds", "OpitonId") if self.misspells else ("OptionIds", "OptionId")
        items = [{"QuestionKey": one.key, outer: {inner: _options(one, chosen)}} for one in card.questions]
        return {"SelectedItems": {"SelectedItem": items}}


def _options(question: Question, chosen: Chosen) -> list[str]:
    """The ids picked: those given, by id or text, else those that were picked already."""
    given = chosen.get(question.key, question.chosen)
    wanted = [given] if isinstance(given, str) else list(given)
    picked = [option for option, text in question.options if option in wanted or text in wanted]
    if len(picked) < len(wanted):
        raise NoSuchButton(f"no such option: {wanted}; there are {question.options}")
    return picked
