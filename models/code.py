"""One-time codes that bind an account to a home or to a staff member; only their hashes are kept."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Pk, Short


class Code(Base):
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
