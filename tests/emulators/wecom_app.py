"""The self-built app: it writes to members, updates its cards and takes back what it wrote."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import count

from tests.emulators.tencent_clock import DAY, HOUR, Clock, Signal
from tests.emulators.tencent_errors import JSON
from tests.emulators.wecom_ask import Ask
from tests.emulators.wecom_cards import INTERACTIVE, is_interactive, read_card
from tests.emulators.wecom_contents import FROM_APPS, read_message
from tests.emulators.wecom_errors import (
    BAD_AGENT,
    BAD_TASK,
    CODE_USED,
    NO_AGENT,
    NO_BUTTON_NAME,
    NO_CALLBACK,
    NO_RECEIVER,
    NOBODY_VALID,
    UNKNOWN_USER,
    Refused,
    bad_parameter,
)
from tests.emulators.wecom_limits import Meter
from tests.emulators.wecom_media import Media
from tests.emulators.wecom_screen import Screen
from tests.emulators.wecom_shown import Card, Shown

MOST_RECEIVERS = 1000
CODE_LIVES = 72 * HOUR
RECALL_WITHIN = DAY
REPEAT_WITHIN = 1800.0
EVERYBODY = "@all"


@dataclass(slots=True)
class Member:
    """Somebody of the company; `sees_app`: is in the range of people the app may write to."""

    userid: str
    name: str
    screen: Screen
    sees_app: bool = True


@dataclass(slots=True)
class Sent:
    """A message of the app, with what each of its readers sees."""

    msgid: str
    at: float
    copies: dict[str, Shown] = field(default_factory=dict)
    kind: str = ""


@dataclass(slots=True)
class Code:
    """The right to update a card, once, within 72 hours."""

    sent: Sent
    at: float
    used: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """A message that WeCom took and did not show: it was one too many, or a repeated one."""

    userid: str
    message: Shown
    why: str


@dataclass(slots=True)
class App:
    """WeCom docs: 发送应用消息, 更新模版卡片消息, 撤回应用消息."""

    agentid: int
    clock: Clock
    media: Media
    meter: Meter
    changed: Signal
    has_callback: bool = False
    members: dict[str, Member] = field(default_factory=dict)
    sent: dict[str, Sent] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)
    codes: dict[str, Code] = field(default_factory=dict)
    tasks: set[str] = field(default_factory=set)
    _repeats: dict[tuple[str, str], float] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def send(self, ask: Ask) -> JSON:
        self.check_agent(ask.payload)
        message = read_message(ask.payload, FROM_APPS, self.media)
        if message.card:
            self._check_card(message.card)
        valid, unknown = self._receivers(ask.payload)
        if message.card and message.card.task_id:
            self.tasks.add(message.card.task_id)
        sent = self._deliver(message, valid, ask.payload)
        answer: JSON = {"invaliduser": "|".join(unknown), "invalidparty": _unknown(ask.payload, "toparty")}
        answer |= {"invalidtag": _unknown(ask.payload, "totag"), "unlicenseduser": "", "msgid": sent.msgid}
        if message.card and is_interactive(message.card):
            answer["response_code"] = self.new_code(sent)
        return answer

    def update(self, ask: Ask) -> JSON:
        self.check_agent(ask.payload)
        code = self._code(ask.payload.get("response_code"))
        receivers, unknown = self._updated(ask.payload, code.sent)
        cards = {userid: self._updated_card(ask.payload, code.sent, userid) for userid in receivers}
        code.used = True
        for userid, card in cards.items():
            code.sent.copies[userid].show(card)
        self.changed.fire()
        return {"invaliduser": unknown}

    def recall(self, ask: Ask) -> JSON:
        sent = self.sent.get(str(ask.payload.get("msgid") or ""))
        if sent is None or self.clock.seconds() - sent.at > RECALL_WITHIN:
            raise bad_parameter("invalid msgid")
        for copy in sent.copies.values():
            copy.recalled = True
        self.changed.fire()
        return {}

    def user(self, ask: Ask) -> JSON:
        """WeCom docs: 读取成员. Apps that are newer than 2022 see little more than the id."""
        member = self.members.get(ask.query.get("userid", ""))
        if member is None:
            raise Refused(UNKNOWN_USER)
        return {"userid": member.userid, "name": member.name}

    def new_code(self, sent: Sent) -> str:
        """A fresh response_code: one comes with each card sent, one with every tap."""
        code = secrets.token_urlsafe(32)
        self.codes[code] = Code(sent, self.clock.seconds())
        return code

    def check_agent(self, payload: JSON) -> None:
        if payload.get("agentid") in (None, ""):
            raise Refused(NO_AGENT)
        if str(payload["agentid"]) != str(self.agentid):
            raise Refused(BAD_AGENT)

    def sent_to(self, userid: str, message: Shown) -> Sent:
        """What was sent when this member got this message."""
        return next(sent for sent in self.sent.values() if sent.copies.get(userid) is message)

    def copies(self, task: str) -> dict[str, Shown]:
        """What each reader of a card sees of it now; nobody, when it was never sent."""
        having = (
            one for one in self.sent.values() if any(_task(copy) == task for copy in one.copies.values())
        )
        return dict(next(having, Sent("", 0.0)).copies)

    def _check_card(self, card: Card) -> None:
        if is_interactive(card) and not self.has_callback:
            raise Refused(NO_CALLBACK)
        if card.task_id in self.tasks:
            raise Refused(BAD_TASK, "task_id duplicated")

    def _receivers(self, payload: JSON) -> tuple[list[str], list[str]]:
        """The members it reaches, and the ids it does not; nobody at all is an error."""
        wanted = str(payload.get("touser") or "")
        if wanted == EVERYBODY:
            return [one.userid for one in self.members.values() if one.sees_app], []
        if not any(payload.get(name) for name in ("touser", "toparty", "totag")):
            raise Refused(NO_RECEIVER)
        asked = list(dict.fromkeys(one for one in wanted.split("|") if one))
        if len(asked) > MOST_RECEIVERS:
            raise bad_parameter(f"touser exceed max length {MOST_RECEIVERS}")
        valid, unknown = self._known(asked)
        if not valid:
            raise Refused(NOBODY_VALID)
        return valid, unknown

    def _known(self, asked: Iterable[str]) -> tuple[list[str], list[str]]:
        """Ids are the same in any case of letters, and the unknown ones come back in small ones."""
        everybody = {userid.lower(): member for userid, member in self.members.items()}
        valid: list[str] = []
        unknown: list[str] = []
        for userid in asked:
            member = everybody.get(userid.lower())
            if member and member.sees_app:
                valid.append(member.userid)
            else:
                unknown.append(userid.lower())
        return valid, unknown

    def _deliver(self, message: Shown, userids: list[str], payload: JSON) -> Sent:
        sent = Sent(f"msg{next(self._numbers)}_{secrets.token_hex(6)}", self.clock.seconds())
        sent.kind = message.card.kind if message.card else message.kind
        self.sent[sent.msgid] = sent
        for userid in userids:
            why = self._why_not(userid, payload)
            copy = replace(message.to_another(), msgid=sent.msgid)
            if why:
                self.lost.append(Lost(userid, copy, why))
            else:
                sent.copies[userid] = self.members[userid].screen.show(copy)
        return sent

    def _why_not(self, userid: str, payload: JSON) -> str:
        if payload.get("enable_duplicate_check") == 1 and self._repeated(userid, payload):
            return "repeated"
        return "" if self.meter.member(userid) else "too many"

    def _repeated(self, userid: str, payload: JSON) -> bool:
        """Whether the member got just the same a short while ago."""
        ignored = ("touser", "toparty", "totag")
        content = json.dumps({k: v for k, v in payload.items() if k not in ignored}, sort_keys=True)
        length = float(payload.get("duplicate_check_interval") or REPEAT_WITHIN)
        now, before = self.clock.seconds(), self._repeats.get((userid, content))
        if before is not None and now - before < length:
            return True
        self._repeats[userid, content] = now
        return False

    def _code(self, given: object) -> Code:
        code = self.codes.get(str(given or ""))
        if code is None:
            raise bad_parameter("invalid response_code")
        if code.used:
            raise Refused(CODE_USED)
        if self.clock.seconds() - code.at > CODE_LIVES:
            raise Refused(CODE_USED, "response_code expired")
        return code

    def _updated(self, payload: JSON, sent: Sent) -> tuple[list[str], list[str]]:
        """Whose cards change, and who of those asked for has none."""
        if payload.get("atall", 0) not in (0, 1):
            raise bad_parameter("atall invalid")
        if payload.get("atall"):
            return list(sent.copies), []
        asked = payload.get("userids") or []
        if not isinstance(asked, list) or len(asked) > MOST_RECEIVERS:
            raise bad_parameter("userids invalid")
        if not asked:
            raise Refused(NO_RECEIVER, "userids & partyids & tagids are all empty")
        known = [str(one) for one in asked if str(one) in sent.copies]
        return known, [str(one) for one in asked if str(one) not in sent.copies]

    def _updated_card(self, payload: JSON, sent: Sent, userid: str) -> Card:
        old = sent.copies[userid].card
        assert old is not None
        if "template_card" in payload:
            return read_card(payload["template_card"], task_id=old.task_id)
        button = payload.get("button")
        replaced = button.get("replace_name") if isinstance(button, dict) else None
        return self.replaced(sent, old, replaced)

    def replaced(self, sent: Sent, card: Card, name: object) -> Card:
        """The card with a word instead of its buttons, which only cards that began with buttons can show."""
        if not name or not isinstance(name, str):
            raise Refused(NO_BUTTON_NAME)
        if sent.kind not in INTERACTIVE:
            raise bad_parameter("template_card.card_type cannot replace button")
        return card.without_buttons(name)


def _task(message: Shown) -> str:
    return message.card.task_id if message.card else ""


def _unknown(payload: JSON, name: str) -> str:
    """Departments and tags are not emulated: all of them are invalid."""
    return str(payload.get(name) or "")
