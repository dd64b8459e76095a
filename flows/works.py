"""While a home is being renovated: what owner, resident and staff are asked on the way to the final check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from flows.engine.effects import Effect
from flows.engine.messages import Heard, Json, Option, Phrase, Picked, Rejected
from flows.engine.questions import Day, Form, Photos, Question, Text, Unanswered, YesNo
from flows.ticket import ActionFlow

SHOWN = 24
"""How much of a finding stands on its button."""


class Consent(StrEnum):
    """Where the owner's consent to a tenant's works stands."""

    ASKED = "asked"
    GIVEN = "given"
    DECLINED = "declined"
    PAPER = "paper"


class Matter(StrEnum):
    """Where one finding of an inspection stands."""

    OPEN = "open"
    MENDED = "mended"
    SETTLED = "settled"


UNSETTLED = frozenset({Matter.OPEN, Matter.MENDED})


def findings(details: Mapping[str, Any], *matters: Matter) -> list[dict[str, Any]]:
    """The findings that stand so, in the order they were made."""
    wanted = matters or tuple(Matter)
    return [one for one in details.get("findings", ()) if one["state"] in wanted]


def whole(moment: object) -> datetime | None:
    """A day or a moment as details keep it."""
    return datetime.fromisoformat(moment) if isinstance(moment, str) and moment else None


def works(details: Mapping[str, Any]) -> Phrase:
    """The works in words."""
    return Phrase(
        "engine.list", {"items": [Phrase(f"renovation.works.{one}") for one in details.get("works", ())]}
    )


class Agreement(YesNo):
    """Does the owner agree to what the tenant wants to do?"""

    def prompt(self, form: Form) -> Phrase:
        details = form.facts.details
        start, end = whole(details.get("start")), whole(details.get("end"))
        return Phrase(f"{self.key}.plan", {"works": works(details), "start": start, "end": end})

    def texts(self) -> tuple[str, ...]:
        return (f"{self.key}.plan", f"{self.key}.label")


class Consenting(ActionFlow):
    """The owner says yes, knowing to what."""

    name = "renovation.consent"
    cancellable = False
    sure = Agreement()

    def values(self) -> dict[str, Json]:
        return {"consent": Consent.GIVEN.value}

    def submit(self) -> Sequence[Effect]:
        return super().submit() if self.sure else ()


class Declining(ActionFlow):
    """The owner says no, and why, if they like."""

    name = "renovation.decline"
    reason = Text(most=500).optional()

    def values(self) -> dict[str, Json]:
        return {"consent": Consent.DECLINED.value, "reason": self.reason}


class PaperConsent(ActionFlow):
    """The owner's consent on paper, photographed at the desk."""

    name = "renovation.paper"
    photos = Photos(least=1)
    note = Text(most=500, catches=True).optional()

    def values(self) -> dict[str, Json]:
        return {"consent": Consent.PAPER.value, "note": self.note, "pictures": list(self.pictures())}


class Missing(ActionFlow):
    """What else is needed before the works can be approved."""

    name = "renovation.more"
    reason = Text(least=2, most=1000)

    def values(self) -> dict[str, Json]:
        return {"reason": self.reason}


class Answering(ActionFlow):
    """The resident's answer to what was asked for: words, photos, or both."""

    name = "renovation.answer"
    photos = Photos()
    note = Text(most=1000, catches=True).optional()

    def values(self) -> dict[str, Json]:
        return {"note": self.note, "pictures": list(self.pictures())}


class Which(Question[int]):
    """One of the findings, where there are several that stand so."""

    def __init__(self, *matters: Matter, was: Sequence[str] = ()) -> None:
        super().__init__(was=was)
        self.matters = matters

    def offered(self, form: Form) -> list[dict[str, Any]]:
        return findings(form.facts.details, *self.matters)

    def options(self, form: Form) -> tuple[Option, ...]:
        return tuple(Option(str(one["n"]), self._label(one)) for one in self.offered(form))

    @staticmethod
    def _label(one: Mapping[str, Any]) -> str:
        text = str(one["text"])
        return f"#{one['n']} {text if len(text) <= SHOWN else f'{text[: SHOWN - 1]}…'}"

    def load(self, stored: Json, form: Form) -> int:
        for one in self.offered(form):
            if one["n"] == stored:
                return int(one["n"])
        raise Unanswered

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value=value) if value in {str(one["n"]) for one in self.offered(form)}:
                return int(value)
        raise Rejected("not_an_option")

    def show(self, answer: int, form: Form) -> Phrase | str:
        return next(self._label(one) for one in self.offered(form) if one["n"] == answer)


class Finding(ActionFlow):
    """What was noticed during the works, and what would put it right."""

    name = "renovation.finding"
    note = Text(least=2, most=500, catches=True)
    photos = Photos()

    def values(self) -> dict[str, Json]:
        return {"note": self.note, "pictures": list(self.pictures())}


class Mended(ActionFlow):
    """The resident shows what was put right."""

    name = "renovation.mended"
    which = Which(Matter.OPEN)
    photos = Photos()
    note = Text(most=500, catches=True).optional()

    @which.when
    def there_are_several(self) -> bool:
        return len(Mended.which.offered(self)) > 1

    def values(self) -> dict[str, Json]:
        number = self.which if self.there_are_several() else only(Mended.which.offered(self))
        return {"finding": number, "note": self.note, "pictures": list(self.pictures())}


class Settled(ActionFlow):
    """Staff have seen that it is right now."""

    name = "renovation.settle"
    which = Which(*UNSETTLED)
    note = Text(most=500).optional()

    @which.when
    def there_are_several(self) -> bool:
        return len(Settled.which.offered(self)) > 1

    def values(self) -> dict[str, Json]:
        number = self.which if self.there_are_several() else only(Settled.which.offered(self))
        return {"finding": number, "note": self.note}


class NotYet(ActionFlow):
    """Staff have looked, and something is still left to do."""

    name = "renovation.not_yet"
    which = Which(Matter.MENDED)
    reason = Text(least=2, most=500)

    @which.when
    def there_are_several(self) -> bool:
        return len(NotYet.which.offered(self)) > 1

    def values(self) -> dict[str, Json]:
        number = self.which if self.there_are_several() else only(NotYet.which.offered(self))
        return {"finding": number, "reason": self.reason}


def only(offered: Sequence[Mapping[str, Any]]) -> int:
    return int(offered[0]["n"]) if offered else 0


def found(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    """The findings with one more."""
    before = findings(details)
    one: dict[str, Json] = {
        "n": len(before) + 1,
        "text": values.get("note"),
        "state": Matter.OPEN.value,
        "pictures": values.get("pictures") or [],
    }
    return {"findings": [*before, one]}


def stand(matter: Matter, details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    """The findings, one of which now stands otherwise."""
    number = values.get("finding")
    return {
        "findings": [
            {**one, "state": matter.value} if one["n"] == number else one for one in findings(details)
        ]
    }


class NewEnd(Day):
    """A day after the permit's own end."""

    def base(self, form: Form) -> date:
        end = whole(form.facts.details.get("end"))
        return super().base(form) if end is None else end.date()


class Extension(ActionFlow):
    """How much longer, and why."""

    name = "renovation.extend"
    until = NewEnd(least=1, most=180, suggested=(6, 13, 29))
    reason = Text(least=2, most=500)

    def values(self) -> dict[str, Json]:
        return {"wanted": self.until.isoformat(), "reason": self.reason}


class Check(ActionFlow):
    """The works were looked at and are all right; the use period begins."""

    name = "renovation.check"
    photos = Photos()
    note = Text(most=500, catches=True).optional()

    def values(self) -> dict[str, Json]:
        over = self.facts.now.date() + timedelta(days=int(self.facts.details.get("use_days", 0)))
        return {"note": self.note, "use_until": over.isoformat()}


class FinalCheck(ActionFlow):
    """After the time of use all is still right."""

    name = "renovation.final"
    photos = Photos()
    note = Text(most=500, catches=True).optional()

    def values(self) -> dict[str, Json]:
        return {"note": self.note}


class Mending(ActionFlow):
    """What has to be put right before a check is passed."""

    name = "renovation.mend"
    reason = Text(least=2, most=1000, catches=True)
    photos = Photos()

    def values(self) -> dict[str, Json]:
        return {"reason": self.reason}


class Remedied(ActionFlow):
    """What was done about what a check had found."""

    name = "renovation.remedied"
    photos = Photos()
    note = Text(most=1000, catches=True).optional()

    def values(self) -> dict[str, Json]:
        return {"note": self.note}
