"""One-time codes that bind an account to a home, a resident or a staff member; only their hashes are kept."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Pk, Short


class Code(Base):
    """A code without a home and without a staff member links another account to its resident.

    Some are scanned, and ask for something more before they bind: `pin_digest` is of a number that was told
    apart from them, None where the home's phones will do; `wrong` counts the wrong answers to that.
    """

    __tablename__ = "code"
    id: Mapped[Pk]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    home_id: Mapped[int | None] = mapped_column(Id, ForeignKey("home.id"))
    resident_id: Mapped[int | None] = mapped_column(Id, ForeignKey("resident.id"))
    staff_id: Mapped[int | None] = mapped_column(Id, ForeignKey("staff.id"))
    role: Mapped[Short]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    used_by: Mapped[int | None] = mapped_column(Id, ForeignKey("account.id"))
    pin_digest: Mapped[str | None] = mapped_column(String(64))
    wrong: Mapped[int] = mapped_column(default=0)


class Claim(Base):
    """An account has scanned a code and has still to prove that its home is theirs."""

    __tablename__ = "claim"
    id: Mapped[Pk]
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("account.id"), unique=True)
    code_id: Mapped[int] = mapped_column(Id, ForeignKey("code.id"), index=True)
    at: Mapped[Instant]
