"""What the page may ask for, checked once at the door: sizes, forms, and no character a database refuses."""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import HTTPException, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

MOST_BODY, MOST_TEXT = 64 * 1024, 4000


def legible(text: str) -> str:
    """A text without NUL and without halves of characters, which no database stores."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "")


Chat = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}[:@][A-Za-z0-9_-]{1,40}$", max_length=64)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,40}$")]
Number = Annotated[int, Field(ge=1, lt=2**53, strict=True)]
Words = Annotated[str, Field(max_length=MOST_TEXT), AfterValidator(legible)]


class Asked(BaseModel):
    """One request's body."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Enter(Asked):
    """Whom to play in the demo: `resident:3` or `guest`, `staff:2`; what is left out stays."""

    resident: Annotated[str, Field(pattern=r"^(guest|resident:[0-9]{1,17})$")] | None = None
    staff: Annotated[str, Field(pattern=r"^staff:[0-9]{1,17}$")] | None = None


class Say(Asked):
    chat: Chat
    key: Key
    text: Words
    reply_to: Number | None = None


class Tap(Asked):
    """`message` is the one with the button; the menu's buttons have none."""

    chat: Chat
    key: Key
    data: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(legible)]
    message: Number | None = None


class Photos(Asked):
    """The fields that come along with the files."""

    chat: Chat
    key: Key
    text: Words = ""
    reply_to: Annotated[int, Field(ge=1, lt=2**53)] | None = None


class Again(Asked):
    chat: Chat
    message: Number


class Language(Asked):
    locale: Annotated[str, Field(max_length=16)]


class Page(Asked):
    """A chat's end, the page before a message, or what is new since a point of the log."""

    chat: Chat
    since: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    before: Annotated[int, Field(ge=1, lt=2**53)] | None = None


class Stream(Asked):
    chats: Annotated[list[Chat], Field(min_length=1, max_length=16)]
    after: Annotated[int, Field(ge=0, lt=2**31)]


Wanted = TypeVar("Wanted", bound=Asked)


async def body(request: Request, kind: type[Wanted]) -> Wanted:
    """The request's JSON. Raises 413, 422."""
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > MOST_BODY:
            raise HTTPException(413, "too_large")
    try:
        return kind.model_validate_json(bytes(read))
    except ValidationError:
        raise HTTPException(422, "unclear") from None


def given(kind: type[Wanted], values: dict[str, object]) -> Wanted:
    """Query parameters or form fields. Raises 422."""
    try:
        return kind.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError:
        raise HTTPException(422, "unclear") from None
