"""What is held of a resident: shown to them, changed by them, and every change written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, update

from flows.engine.messages import Json, Phrase
from flows.profile.record import Language, Record
from handlers.desk import Scene, Work
from handlers.envelopes import Button, Outgoing
from handlers.privacy import exporting
from models.account import Account
from models.resident import ChangeLog, Phone, Resident, phones_of

LISTS = ("people", "pets", "vehicles")
LABELS = {"emergency": "helper", "no_rating": "rating"}
"""What the questions of the profile call a part of the record, where that is not its own name."""
SHOWN = ("emergency", *LISTS, "needs", "quiet", "no_rating")


async def show(scene: Scene) -> None:
    """What is held, masked, with what can be done about it."""
    resident = scene.standing.resident
    if resident is None:
        scene.reply("bind.first")
        return
    held = await exporting.in_words(scene.work, resident, scene.locale)
    told = await told_of(scene.work, resident)
    lines = [held, *_lines(scene.work, told, scene.locale, masked=True)]
    lines.append(await _confirmed(scene, resident))
    buttons = (
        (Button(scene.text("holding.change"), "m.profile", "primary"),),
        (Button(scene.text("holding.export"), "m.record.export"),),
        (Button(scene.text("holding.erase"), "m.record.erase", "danger"),),
    )
    scene.replies.append(Outgoing("\n".join(filter(None, lines)), scene.text("holding.title"), buttons))


async def told_of(work: Work, resident: int) -> Record:
    """What a resident has told of themselves and their household."""
    person = await work.session.get_one(Resident, resident, populate_existing=True)
    return Record.from_json(person.settings.get("record", {}))


async def _confirmed(scene: Scene, resident: int) -> str:
    person = await scene.session.get_one(Resident, resident)
    at = person.settings.get("confirmed_at")
    return "" if at is None else scene.text("holding.confirmed", day=_day(scene, at))


def _lines(work: Work, told: Record, locale: str, *, masked: bool) -> list[str]:
    """What there is of it, a line each."""
    said = {name: _said(work, told, name, locale, masked=masked) for name in SHOWN}
    return [work.say(f"holding.held.{name}", locale, held=words) for name, words in said.items() if words]


def _said(work: Work, told: Record, name: str, locale: str, *, masked: bool) -> str:
    """One part of a record in words, "" where there is nothing to say."""
    match name:
        case "emergency" if told.emergency is not None:
            helper = told.emergency
            number = (
                f"***{helper.phone[-4:]}" if masked else work.say("engine.phone", locale, number=helper.phone)
            )
            return f"{_name(helper.name, masked=masked)} {number}"
        case "people" | "pets" | "vehicles":
            items = list(getattr(told, name))
            return _listed(work, [_part(name, one, masked=masked) for one in items], locale)
        case "needs":
            return _listed(work, [Phrase(f"profile.needs.{one.value}") for one in told.needs], locale)
        case "quiet" if told.quiet is not None:
            return "–".join(f"{at:%H:%M}" for at in told.quiet)
        case "no_rating" if told.no_rating:
            return work.say("holding.no_rating", locale)
    return ""


def _listed(work: Work, items: Sequence[Phrase | str], locale: str) -> str:
    return work.say("engine.list", locale, items=items) if items else ""


def _part(name: str, item: str, *, masked: bool) -> str:
    if not masked or name == "pets":
        return item
    return f"{item[:1]}**" if name == "people" else f"{item[:2]}***{item[-2:]}"


def _name(name: str, *, masked: bool) -> str:
    return f"{name[:1]}**" if masked else name


# --- changes


async def change(scene: Scene, values: Mapping[str, Any]) -> None:
    """One part of the record gets a new value, as its dataclass accepts it."""
    person = await _person(scene)
    field = str(values["field"])
    old = Record.from_json(person.settings.get("record", {}))
    new = Record.from_json({**old.to_json(), field: values["value"]})
    person.settings = {**person.settings, "record": new.to_json()}
    was, now = (_said(scene.work, one, field, "zh_CN", masked=False) for one in (old, new))
    _changed(scene, person.id, field, was, now)
    words = _said(scene.work, new, field, scene.locale, masked=False)
    _say(scene, LABELS.get(field, field), words or scene.text("holding.nothing"))


async def rename(scene: Scene, name: str) -> None:
    """By what name staff address them."""
    person = await _person(scene)
    old, person.name = person.name, name
    _changed(scene, person.id, "name", old, name)
    _say(scene, "person", name)


async def speak(scene: Scene, wanted: str) -> None:
    """The language of their notices, in all their chats."""
    locale = Language(wanted).value
    person = await _person(scene)
    old, person.locale = person.locale, locale
    theirs = update(Account).where(Account.resident_id == person.id)
    await scene.session.execute(theirs.values(locale=locale))
    _changed(scene, person.id, "language", old or "", locale)
    scene.standing = replace(scene.standing, locale=locale)
    _say(scene, "language", scene.text(f"profile.language.{locale}"))


async def phone(scene: Scene, values: Mapping[str, Json]) -> None:
    """A number more, another one first, or one less."""
    person, number = await _person(scene), str(values["number"])
    before = await phones_of(scene.session, person.id)
    match values["do"]:
        case "add":
            await _add(scene, person.id, number, proven=values.get("proven") is True)
        case "first":
            await _first(scene, person.id, number)
        case "remove" if len(before) > 1:
            await scene.session.execute(delete(Phone).filter_by(resident_id=person.id, number=number))
    after = await phones_of(scene.session, person.id)
    _changed(scene, person.id, "phones", "、".join(before), "、".join(after))
    items = [scene.text("engine.phone", number=one) for one in after]
    scene.standing = replace(scene.standing, phones=list(enumerate(after)))
    _say(scene, "phone", scene.text("engine.list", items=items))


async def _add(scene: Scene, resident: int, number: str, *, proven: bool) -> None:
    last = await scene.session.scalar(select(func.max(Phone.rank)).where(Phone.resident_id == resident))
    held = await scene.session.scalar(select(Phone).filter_by(resident_id=resident, number=number))
    if held is None:
        held = Phone(resident_id=resident, number=number, rank=0 if last is None else last + 1)
        scene.session.add(held)
    if proven:
        held.verified_at = scene.work.now
    await scene.session.flush()


async def _first(scene: Scene, resident: int, number: str) -> None:
    rows = await scene.session.scalars(
        select(Phone)
        .where(Phone.resident_id == resident)
        .order_by(Phone.number != number, Phone.rank, Phone.id)
    )
    for rank, one in enumerate(rows.all()):
        one.rank = rank
    await scene.session.flush()


async def _person(scene: Scene) -> Resident:
    """Whose record it is, locked: two chats of one person may be at it in the same instant."""
    assert scene.standing.resident is not None
    return await scene.session.get_one(
        Resident, scene.standing.resident, with_for_update=True, populate_existing=True
    )


def _changed(scene: Scene, resident: int, field: str, old: str | None, new: str) -> None:
    scene.session.add(
        ChangeLog(
            resident_id=resident,
            field=field,
            old=(old or "")[:500] or None,
            new=new[:500] or None,
            why="changed by the resident",
            who=f"resident:{resident}",
            source=scene.inbound.channel,
            at=scene.work.now,
        )
    )


def _say(scene: Scene, label: str, words: str) -> None:
    more = Button(scene.text("holding.more"), "m.profile")
    right = Button(scene.text("reconfirm.right"), "m.record.right")
    told = scene.text("holding.changed", label=scene.text(f"profile.{label}.label"), held=words)
    scene.replies.append(Outgoing(told, buttons=((more,), (right,))))


# --- all of it


async def in_full(scene: Scene) -> None:
    """Everything a chat can hold, in plain words and unmasked: it is theirs, and this chat is private."""
    resident = scene.standing.resident
    if resident is None:
        scene.reply("bind.first")
        return
    held = await exporting.of(scene.session, resident)
    lines = [scene.text("holding.all.name", name=held["resident"]["name"] or "—")]
    lines += [scene.text("holding.all.phone", number=one["number"]) for one in held["phones"]]
    lines += [_home(scene, one) for one in held["homes"]]
    lines += _lines(scene.work, await told_of(scene.work, resident), scene.locale, masked=False)
    lines += [
        scene.text("holding.all.consent", version=one["version"], day=_day(scene, one["at"]))
        for one in held["consents"]
    ]
    lines += [_ticket(scene, one) for one in held["tickets"]]
    lines += [_change(scene, one) for one in held["changes"]]
    scene.replies.append(Outgoing("\n".join(lines), scene.text("holding.all.title")))
    scene.reply("holding.all.rest")


def _home(scene: Scene, one: Mapping[str, Any]) -> str:
    role, left = scene.text(f"role.{one['role']}"), one["until"]
    came, left = _day(scene, one["since"]), _day(scene, left) if left else ""
    return scene.text("holding.all.home", home=one["home"], role=role, came=came, left=left)


def _ticket(scene: Scene, one: Mapping[str, Any]) -> str:
    kind, day = scene.text(f"{one['kind']}.title"), _day(scene, one["opened"])
    return scene.text("holding.all.ticket", number=one["number"], kind=kind, day=day)


def _change(scene: Scene, one: Mapping[str, Any]) -> str:
    what = f"holding.fields.{one['field']}"
    label = scene.text(what) if scene.work.desk.texts.has(what, scene.locale) else one["field"]
    day, new, old = _day(scene, one["at"]), one["new"] or "—", one["old"] or "—"
    return scene.text("holding.all.change", day=day, label=label, old=old, new=new)


def _day(scene: Scene, at: str) -> str:
    """A day that may be years ago, as it is on the calendar where somebody lives."""
    zone = scene.standing.homes[0][3] if scene.standing.homes else scene.work.desk.timezone
    return f"{datetime.fromisoformat(at).astimezone(ZoneInfo(zone)):%Y-%m-%d}"
