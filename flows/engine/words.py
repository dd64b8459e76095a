"""Questions answered in words: a text in one or several messages, a number, a phone number."""

from __future__ import annotations

from collections.abc import Sequence

from flows.engine.messages import Heard, Json, Option, Phrase, Picked, Rejected, Said, Shared
from flows.engine.question import Form, Question, Unanswered


class Text(Question[str]):
    """Words, `least` to `most` characters; several messages become one answer, a line each.

    A text that `catches` also takes what is written while another question does not understand it,
    so that nothing a resident writes is lost. Kept with each message's id, so that an edit finds its part.
    """

    def __init__(
        self, *, least: int = 1, most: int = 1000, catches: bool = False, was: Sequence[str] = ()
    ) -> None:
        super().__init__(was=was)
        self.least, self.most, self.catches = least, most, catches

    def load(self, stored: Json, form: Form) -> str:
        text = "\n".join(part for _, part in parts(stored))
        if not self.least <= len(text) <= self.most:
            raise Unanswered
        return text

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Said(text=text, ref=ref):
                return self._checked([(ref, text.strip())])
        raise Rejected("text_wanted")

    def add(self, said: Said, form: Form) -> Json:
        """What to store when `said` continues what was written before."""
        return self._checked([*parts(form.stored(self)), (said.ref, said.text.strip())])

    def mend(self, said: Said, form: Form) -> Json | None:
        """What to store when `said` is the new wording of an earlier message; None if it is not ours."""
        written = parts(form.stored(self))
        if not said.ref or said.ref not in {ref for ref, _ in written}:
            return None
        return self._checked([(ref, said.text.strip() if ref == said.ref else text) for ref, text in written])

    def _checked(self, written: Sequence[tuple[str, str]]) -> Json:
        length = len("\n".join(text for _, text in written))
        if length < self.least:
            raise Rejected("too_short", least=self.least)
        if length > self.most:
            raise Rejected("too_long", most=self.most, length=length)
        return {"parts": [[ref, text] for ref, text in written]}

    def show(self, answer: str, form: Form) -> Phrase | str:
        return answer


def parts(stored: Json) -> tuple[tuple[str, str], ...]:
    """The messages a stored text was written in: (message id, text) each."""
    match stored:
        case {"parts": list(written)}:
            return tuple(
                (part[0], part[1])
                for part in written
                if isinstance(part, list)
                and len(part) == 2
                and isinstance(part[0], str)
                and isinstance(part[1], str)
            )
    return ()


class Number(Question[int]):
    """A whole number between `least` and `most`, inclusive."""

    def __init__(self, *, least: int = 0, most: int = 10**9, was: Sequence[str] = ()) -> None:
        super().__init__(was=was)
        self.least, self.most = least, most

    def load(self, stored: Json, form: Form) -> int:
        if isinstance(stored, bool) or not isinstance(stored, int) or not self.least <= stored <= self.most:
            raise Unanswered
        return stored

    def hear(self, heard: Heard, form: Form) -> Json:
        if not isinstance(heard, Said):
            raise Rejected("not_a_number")
        try:
            number = int(heard.text.strip())
        except ValueError:
            raise Rejected("not_a_number") from None
        if not self.least <= number <= self.most:
            raise Rejected("out_of_range", least=self.least, most=self.most)
        return number

    def show(self, answer: int, form: Form) -> Phrase | str:
        return str(answer)


class Phone(Question[str]):
    """A phone number in E.164; the ones on file are offered."""

    wants_contact = True

    def options(self, form: Form) -> tuple[Option, ...]:
        return tuple(Option(phone, Phrase("engine.phone", {"number": phone})) for phone in form.facts.phones)

    def load(self, stored: Json, form: Form) -> str:
        if not isinstance(stored, str) or not stored:
            raise Unanswered
        return stored

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Shared(phone=phone):
                return phone
            case Picked(value=value) if value in form.facts.phones:
                return value
        raise Rejected("not_a_phone")

    def show(self, answer: str, form: Form) -> Phrase | str:
        return Phrase("engine.phone", {"number": answer})
