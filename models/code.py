"""One-time codes that bind an account to a home, a resident or a staff member; only their hashes are kept."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Pk, Short


class Code(Base):
    """A code without a home and without a staff member links another account to its resident.

    Some are scanned, and ask for something more before they bind: `pin_digest` is of a number that was told
    apart from them, None where the home's phones will do; `wrong` counts the wrong answers to that.
    `inviter_id` is the owner who gave a code out, None where the desk did.
    """

    __tablename__ = "code"
    id: Mapped[Pk]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    home_id: Mapped[int | None] = mapped_column(Id, ForeignKey("home.id"))
    resident_id: Mapped[int | None] = mapped_column(Id, ForeignKey("resident.id"))
    staff_id: Mapped[int | None] = mapped_column(Id, ForeignKey("staff.id"))
    inviter_id: Mapped[int | None] = mapped_column(Id, ForeignKey("resident.id"))
    role: Mapped[Short]
    issued_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    used_by: Mapped[int | None] = mapped_column(Id, ForeignKey("account.id"))
    pin_digest: Mapped[str | None] = mapped_column(String(64))
    wrong: Mapped[int] = mapped_column(default=0)


class Claim(Base):
    """What an account has begun and not finished; it has one at most, the newest.

    `waits` says what for: "answer", the four digits that a scanned code asks for; "consent", before the first
    personal datum; "agreed", for the resident's first form, with the `version` agreed to. What it is about is
    a code, or the record `resident_id` whose own phone was shown, or the service `kind`. `phone_id` is no
    foreign key: the number may be taken off the record meanwhile.
    """

    __tablename__ = "claim"
    id: Mapped[Pk]
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("account.id"), unique=True)
    code_id: Mapped[int | None] = mapped_column(Id, ForeignKey("code.id"), index=True)
    resident_id: Mapped[int | None] = mapped_column(Id, ForeignKey("resident.id"), index=True)
    phone_id: Mapped[int | None] = mapped_column(Id)
    kind: Mapped[Short] = mapped_column(default="")
    waits: Mapped[Short] = mapped_column(default="answer")
    version: Mapped[Short] = mapped_column(default="")
    at: Mapped[Instant]
