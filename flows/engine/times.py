"""A question answered with a time: a button, or a time as people say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from flows.engine import when
from flows.engine.messages import Heard, Json, Option, Phrase, Picked, Rejected, Said
from flows.engine.question import Form, Question, Unanswered
from flows.engine.when import Window


@dataclass(frozen=True, slots=True)
class Visit:
    """When to come: a window, or as soon as possible."""

    window: Window | None = None


class Slot(Question[Visit]):
    """When to come: a button, or a time as people say it; with `asap`, also as soon as possible."""

    def __init__(self, *, asap: bool = True, was: Sequence[str] = ()) -> None:
        super().__init__(was=was)
        self.asap = asap

    def options(self, form: Form) -> tuple[Option, ...]:
        soon = (Option("asap", Phrase("engine.asap")),) if self.asap else ()
        return (
            *soon,
            *(
                Option(slot.start.isoformat(timespec="minutes"), Phrase("engine.slot", {"window": slot}))
                for slot in form.facts.slots
            ),
        )

    def load(self, stored: Json, form: Form) -> Visit:
        match stored:
            case {"asap": True} if self.asap:
                return Visit()
            case {"start": str(start), "end": str(end)}:
                try:
                    window = Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
                    if window.end > form.facts.now:
                        return Visit(window)
                except (ValueError, TypeError):
                    pass
        raise Unanswered

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value="asap") if self.asap:
                return {"asap": True}
            case Picked(value=value):
                for slot in form.facts.slots:
                    if slot.start.isoformat(timespec="minutes") == value:
                        return _window(slot)
                raise Rejected("slot_gone")
            case Said(text=text) if self.asap and when.asap(text):
                return {"asap": True}
            case Said(text=text):
                return self._spoken(text, form)
        raise Rejected("not_a_time")

    def _spoken(self, text: str, form: Form) -> Json:
        facts = form.facts
        opens, closes = time.fromisoformat(facts.opens), time.fromisoformat(facts.closes)
        try:
            return _window(when.understand(text, facts.now, opens=opens, closes=closes, off=facts.off))
        except when.Unclear as unclear:
            soonest = Phrase("engine.slot", {"window": facts.slots[0]}) if facts.slots else ""
            hours = {"opens": facts.opens, "closes": facts.closes}
            raise Rejected(unclear.key, soonest=soonest, **hours) from None

    def show(self, answer: Visit, form: Form) -> Phrase | str:
        if answer.window is None:
            return Phrase("engine.asap")
        return Phrase("engine.slot", {"window": answer.window})


def _window(window: Window) -> dict[str, Json]:
    return {"start": window.start.isoformat(), "end": window.end.isoformat()}
