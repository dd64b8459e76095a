"""Where people live: communities, their buildings and homes, and what a community has set for itself."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
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
    __tablename__ = "building"
    __table_args__ = (UniqueConstraint("community_id", "name"),)
    id: Mapped[Pk]
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("community.id"))
    name: Mapped[Name]


class Home(Base):
    """A home; its name is what people say, such as `3-1201`."""

    __tablename__ = "home"
    __table_args__ = (UniqueConstraint("community_id", "name"),)
    id: Mapped[Pk]
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("community.id"))
    building_id: Mapped[int] = mapped_column(Id, ForeignKey("building.id"))
    name: Mapped[Short]
