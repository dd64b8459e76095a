"""When goods leave: the rest of today, a part of a day, or hours as people say them."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from flows.engine import when
from flows.engine.messages import Heard, Json, Option, Phrase, Picked, Rejected, Said, Told
from flows.engine.questions import Form, Question, Unanswered
from flows.engine.when import Window

HOURS = ("07:00", "22:00")
"""When goods may pass the gate, where a community has set no hours of its own."""


OFFERED = timedelta(hours=5)
AT_LEAST = timedelta(hours=2)
NOW = "asap"


class Passage(Question[Window]):
    """When the goods leave: the rest of today, a part of a day, or hours as people say them."""

    def options(self, form: Form) -> tuple[Option, ...]:
        soon = Option(NOW, Phrase(f"{self.key}.asap"))
        return (soon, *(Option(_name(one), shown(one)) for one in self._offered(form)))

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), f"{self.key}.asap", f"{self.key}.closed")

    def load(self, stored: Json, form: Form) -> Window:
        match stored:
            case {"start": str(start), "end": str(end)}:
                try:
                    window = Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
                    if window.end > form.facts.now:
                        return window
                except (ValueError, TypeError):
                    pass
        raise Unanswered

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Picked(value="asap"):
                return _stored(self._soon(form))
            case Picked(value=value):
                for window in self._offered(form):
                    if _name(window) == value:
                        return _stored(window)
                raise Rejected("slot_gone")
            case Said(text=text) if when.asap(text):
                return _stored(self._soon(form))
            case Said(text=text):
                return self._spoken(text, form)
        raise Rejected("not_a_time")

    def show(self, answer: Window, form: Form) -> Phrase | str:
        return shown(answer)

    def _spoken(self, text: str, form: Form) -> Json:
        opens, closes = _hours(form)
        try:
            return _stored(when.understand(text, form.facts.now, opens=opens, closes=closes, length=AT_LEAST))
        except when.Unclear as unclear:
            if unclear.key == "closed":
                hours = {"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}"}
                raise Told(Phrase(f"{self.key}.closed", hours)) from None
            raise Rejected(unclear.key) from None

    def _offered(self, form: Form) -> tuple[Window, ...]:
        opens, closes = _hours(form)
        return when.windows(form.facts.now, days=2, opens=opens, closes=closes, length=OFFERED)[:5]

    def _soon(self, form: Form) -> Window:
        """From now until the gate closes, two hours at least."""
        now = form.facts.now.replace(second=0, microsecond=0)
        closes = datetime.combine(now.date(), _hours(form)[1], now.tzinfo)
        return Window(now, max(closes, now + AT_LEAST))


def _hours(form: Form) -> tuple[time, time]:
    """Between which hours goods may pass the gate."""
    opens, closes = form.facts.terms.get("release", {}).get("hours", HOURS)
    return time.fromisoformat(opens), time.fromisoformat(closes)


def _name(window: Window) -> str:
    return window.start.isoformat(timespec="minutes")


def shown(window: Window) -> Phrase:
    return Phrase("engine.slot", {"window": window})


def _stored(window: Window) -> dict[str, Json]:
    return {"start": window.start.isoformat(), "end": window.end.isoformat()}
