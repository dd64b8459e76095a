"""A question answered with photos: gathered one by one or as an album, early or late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.engine.messages import (
    Command,
    Heard,
    Json,
    Option,
    Phrase,
    Picked,
    Pressed,
    Rejected,
    Said,
    Sent,
    Told,
)
from flows.engine.question import Form, Question, Unanswered

SHORT = 12
"""So few characters say that there is none; they are not a story."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo in a draft: the attachment's id and the album it came in."""

    file: int
    album: str = ""


class Photos(Question[tuple[Photo, ...]]):
    """Photos, gathered until the sender says that was all; with `least`, not before there are so many.

    An album is one act of sending: if it begins within `most` it is taken whole.
    """

    def __init__(self, *, least: int = 0, most: int = 9, was: Sequence[str] = ()) -> None:
        super().__init__(was=was)
        self.least, self.most = least, most

    def gathered(self, form: Form) -> tuple[Photo, ...]:
        return photos(form.stored(self))

    def prompt(self, form: Form) -> Phrase:
        return Phrase("engine.photos_more") if self.gathered(form) else super().prompt(form)

    def options(self, form: Form) -> tuple[Option, ...]:
        return (Option("clear", Phrase("engine.photos_clear")),) if self.gathered(form) else ()

    def commands(self, form: Form) -> tuple[Command, ...]:
        if self.gathered(form):
            return (Command.DONE,)
        return () if self.least else (Command.SKIP,)

    def texts(self) -> tuple[str, ...]:
        return (*super().texts(), f"{self.key}.needed") if self.least else super().texts()

    def load(self, stored: Json, form: Form) -> tuple[Photo, ...]:
        match stored:
            case {"photos": list(), "open": False} if len(photos(stored)) >= self.least:
                return photos(stored)
        raise Unanswered

    def hear(self, heard: Heard, form: Form) -> Json:
        match heard:
            case Pressed(command=Command.DONE | Command.SKIP):
                if len(self.gathered(form)) < self.least:
                    raise Told(Phrase(f"{self.key}.needed"))
                return kept(self.gathered(form), gathering=False)
            case Picked(value="clear"):
                return kept((), gathering=True)
            case Sent() as sent:
                return self.add(sent, form)
            case Said(text=text) if self.least and len(text.strip()) <= SHORT:
                raise Told(Phrase(f"{self.key}.needed"))
        raise Rejected("photo_wanted")

    def begun(self, sent: Sent, form: Form) -> bool:
        """Whether earlier photos of the same album are here already."""
        return bool(sent.album) and sent.album in {photo.album for photo in self.gathered(form)}

    def add(self, sent: Sent, form: Form) -> Json:
        """What to store when a photo comes, in time, early or late."""
        had = self.gathered(form)
        if len(had) >= self.most and not self.begun(sent, form):
            raise Rejected("too_many_photos", most=self.most)
        stored = form.stored(self)
        closed = isinstance(stored, dict) and stored.get("open") is False
        return kept((*had, Photo(sent.file, sent.album)), gathering=not closed)

    def show(self, answer: tuple[Photo, ...], form: Form) -> Phrase | str:
        return Phrase("engine.photos", {"n": len(answer)})


def photos(stored: Json) -> tuple[Photo, ...]:
    """The photos in what a Photos question stored."""
    match stored:
        case {"photos": list(items)}:
            return tuple(
                Photo(file, str(item.get("album", "")))
                for item in items
                if isinstance(item, dict) and isinstance(file := item.get("file"), int)
            )
    return ()


def kept(gathered: Sequence[Photo], *, gathering: bool) -> Json:
    """How photos are stored in a draft."""
    return {"photos": [{"file": one.file, "album": one.album} for one in gathered], "open": gathering}
