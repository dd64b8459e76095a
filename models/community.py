"""Where people live: communities, their buildings and homes, and what a community has set for itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import ForeignKey, Row, String, UniqueConstraint, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, JsonMap, Name, Pk, Short


class Community(Base):
    """A residential community with its service centre; `settings` overrides `handlers.policy`."""

    __tablename__ = "community"
    id: Mapped[Pk]
    code: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[Name]
    name_en: Mapped[Name]
    timezone: Mapped[Short] = mapped_column(default="Asia/Shanghai")
    settings: Mapped[JsonMap]

    def called(self, locale: str) -> str:
        """Its name, as people of a language know it."""
        return self.name_en if locale == "en" and self.name_en else self.name


class Building(Base):
    """A building; its assistant is the colleague whom those who live in it turn to."""

    __tablename__ = "building"
    __table_args__ = (UniqueConstraint("community_id", "name"),)
    id: Mapped[Pk]
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("community.id"))
    name: Mapped[Name]
    assistant_id: Mapped[int | None] = mapped_column(Id, ForeignKey("staff.id"))


class Home(Base):
    """A home; its name is what people say, such as `3-1201`."""

    __tablename__ = "home"
    __table_args__ = (UniqueConstraint("community_id", "name"),)
    id: Mapped[Pk]
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("community.id"))
    building_id: Mapped[int] = mapped_column(Id, ForeignKey("building.id"))
    name: Mapped[Short]


async def homes_named(session: AsyncSession, said: str, *, most: int = 8) -> Sequence[Row[Home, Community]]:
    """The homes that people call this, such as `3-1201` or 3栋1201室, with their communities."""
    name = _SEPARATORS.sub("-", said.strip().upper()).strip("-")
    query = select(Home, Community).join(Community, Community.id == Home.community_id)
    named = query.where(func.upper(Home.name) == name).order_by(Community.id, Home.id)
    return (await session.execute(named.limit(most))).all() if name else []


_SEPARATORS = re.compile(r"[\s\-–—_/,，、.]+|(?:[号號][楼樓]|[栋棟幢座楼樓号號室]|[单單]元)+")
