"""A home is to be renovated: first what the resident would like to know, then the questions of the filing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from flows.engine.effects import Effect, Lead, OpenTicket
from flows.engine.facts import Facts
from flows.engine.form import Flow
from flows.engine.messages import Heard, Json, Option, Phrase, Picked, Rejected, Said, Told
from flows.engine.numbers import dialled
from flows.engine.questions import (
    Choice,
    Day,
    Form,
    HomeChoice,
    Number,
    Phone,
    Photos,
    Question,
    Several,
    Text,
    Unanswered,
    YesNo,
    parts,
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a community has set for renovations: hours as "from–to", days of use, deposit in fen, rules."""

    hours: str
    use_days: int
    deposit: int
    version: str
    link: str
    clearing: str

    @classmethod
    def of(cls, facts: Facts) -> Terms:
        told = facts.terms.get("renovation", {})
        frames = told.get("hours") or (("08:00", "12:00"), ("14:00", "18:00"))
        return cls(
            hours=", ".join(f"{opens}–{closes}" for opens, closes in frames),
            use_days=int(told.get("use_days", 30)),
            deposit=int(told.get("deposit", 0)),
            version=str(told.get("rules", "2026-11")),
            link=str(told.get("rules_link", "")),
            clearing=str(told.get("clearing", "")),
        )


class Topic(StrEnum):
    """What people would like to know first, and the two ways on."""

    FILE = "file"
    HOURS = "hours"
    FORBIDDEN = "forbidden"
    PAPERS = "papers"
    DEPOSIT = "deposit"
    CLEARING = "clearing"
    ASSISTANT = "assistant"


class Consulting(Choice[Topic]):
    """Answers what it is asked and stays open, until the resident files or wants a person to answer."""

    reviewed = False

    def texts(self) -> tuple[str, ...]:
        about = (f"{self.key}.about.{topic.value}" for topic in Topic if topic not in WAYS_ON)
        return (*super().texts(), *about, f"{self.key}.later")

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Said(text=text, ref=ref) if len(text.strip()) > 2 and not self._begun(form):
                return {"asked": [[ref, text.strip()]]}
            case Picked(value=Topic.ASSISTANT.value) if self._begun(form):
                raise Told(Phrase(f"{self.key}.later"))
        topic = Topic(str(super().hear(heard, form)))
        if topic not in WAYS_ON:
            raise Told(_told(f"{self.key}.about.{topic.value}", Terms.of(form.facts)))
        return topic.value

    def load(self, stored: Json, form: Form) -> Topic:
        if self.asked(form):
            return Topic.ASSISTANT
        topic = super().load(stored, form)
        if topic not in WAYS_ON:
            raise Unanswered
        return topic

    def asked(self, form: Form) -> tuple[tuple[str, str], ...]:
        """What the resident asked in words of their own."""
        stored = form.stored(self)
        return parts({"parts": stored.get("asked")}) if isinstance(stored, dict) else ()

    @staticmethod
    def _begun(form: Form) -> bool:
        """Whether the filing has begun: then it is not dropped for a question."""
        return form.stored(Renovation.who) is not None


WAYS_ON = frozenset({Topic.FILE, Topic.ASSISTANT})


def _told(key: str, terms: Terms) -> Phrase:
    return Phrase(
        key,
        {
            "hours": terms.hours,
            "n": terms.use_days,
            "amount": terms.deposit,
            "version": terms.version,
            "link": terms.link,
            "clearing": terms.clearing,
        },
    )


class Who(StrEnum):
    COMPANY = "company"
    MYSELF = "myself"


class Works(StrEnum):
    WALLS = "walls"
    WATERPROOFING = "waterproofing"
    ELECTRICITY = "electricity"
    GAS = "gas"
    BALCONY = "balcony"
    WINDOWS = "windows"
    COOLING = "cooling"
    FLOORS = "floors"
    OTHER = "other"


class Theirs(Phone):
    """The phone of somebody else, typed."""

    wants_contact = False

    def options(self, form: Form) -> tuple[Option, ...]:
        return ()

    def hear(self, heard: Heard, form: Form) -> Json:
        number = dialled(heard.text) if isinstance(heard, Said) else None
        return super().hear(heard, form) if number is None else number


class Structure(YesNo):
    """Are parts touched that carry the house? A yes brings word at once of what that needs."""

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), f"{self.key}.careful")

    def remark(self, answer: bool, form: Form) -> Phrase | None:
        return Phrase(f"{self.key}.careful") if answer else None


class Rules(Question[str]):
    """The rules, read and accepted; the answer is their version. New rules are asked about anew."""

    def prompt(self, form: Form) -> Phrase:
        return _told(f"{self.key}.read", Terms.of(form.facts))

    def options(self, form: Form) -> tuple[Option, ...]:
        return (Option("yes", Phrase(f"{self.key}.take_on")),)

    def texts(self) -> tuple[str, ...]:
        return tuple(f"{self.key}.{part}" for part in ("read", "label", "take_on", "taken_on"))

    def load(self, stored: Json, form: Form) -> str:
        version = Terms.of(form.facts).version
        if stored != version:
            raise Unanswered
        return version

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value="yes"):
                return Terms.of(form.facts).version
        raise Rejected("not_an_option")

    def show(self, answer: str, form: Form) -> Phrase | str:
        return Phrase(f"{self.key}.taken_on", {"version": answer})


class Renovation(Flow):
    """The questions of a filing, after those of the resident."""

    name = "renovation"
    consult = Consulting(Topic)
    home = HomeChoice().where(consult, Topic.FILE)
    who = Choice(Who).where(consult, Topic.FILE)
    company = Text(least=2, most=80).where(who, Who.COMPANY)
    foreman = Text(least=1, most=40).where(who, Who.COMPANY)
    phone = Theirs().where(who, Who.COMPANY)
    licence = Photos(most=3).where(who, Who.COMPANY)
    workers = Number(least=1, most=99).where(consult, Topic.FILE)
    start = Day(least=1, most=180, suggested=(0, 2, 6, 13)).where(consult, Topic.FILE)
    end = Day(after=start, most=365, suggested=(6, 13, 29, 59, 89)).where(consult, Topic.FILE)
    works = Several(Works, least=1).where(consult, Topic.FILE)
    structure = Structure().where(consult, Topic.FILE)
    design = Photos(least=1).where(structure, True)
    papers = Photos().where(consult, Topic.FILE)
    notes = Text(most=2000, catches=True).where(consult, Topic.FILE).optional()
    rules = Rules().where(consult, Topic.FILE)

    def reviewed(self) -> bool:
        return self.consult is Topic.FILE

    def submit(self) -> Sequence[Effect]:
        if self.consult is not Topic.FILE:
            return (Lead("assistant", Renovation.consult.asked(self)),)
        pictures = {
            one.name: self._files(one) for one in (Renovation.licence, Renovation.design, Renovation.papers)
        }
        described = parts(self.stored(Renovation.notes))
        files = tuple(file for kind in pictures.values() for file in kind)
        return (OpenTicket(self.name, self.home.id, False, self._details(pictures), files, described),)

    def _files(self, question: Photos) -> tuple[int, ...]:
        return tuple(one.file for one in question.gathered(self)) if self.applies(question) else ()

    def _details(self, pictures: Mapping[str, Sequence[int]]) -> dict[str, Json]:
        terms, zone = Terms.of(self.facts), self.facts.now.tzinfo
        by_company = self.who is Who.COMPANY
        return {
            "who": self.who.value,
            "company": self.company if by_company else "",
            "foreman": self.foreman if by_company else "",
            "phone": self.phone if by_company else next(iter(self.facts.phones), ""),
            "workers": self.workers,
            "start": datetime.combine(self.start, time(), zone).isoformat(),
            "end": self.end.isoformat(),
            "works": [one.value for one in Works if one in self.works],
            "structure": self.structure,
            "tenant": self.home.role != "owner",
            "text": self.notes or "",
            "pictures": {kind: list(files) for kind, files in pictures.items() if files},
            "rules": self.rules,
            "hours": terms.hours,
            "use_days": terms.use_days,
            "deposit": terms.deposit,
        }
