"""What residents tell of themselves and their household, beyond their homes and phones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import time
from enum import StrEnum
from typing import Any

from flows.engine.messages import Json


class Need(StrEnum):
    """What staff should know before they ring the bell."""

    ELDERLY = "elderly"
    INFANTS = "infants"
    WHEELCHAIR = "wheelchair"
    MEDICAL = "medical"


class Language(StrEnum):
    CHINESE = "zh_CN"
    TRADITIONAL = "zh_TW"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Emergency:
    """Whom to call when something has happened; the number in E.164."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Record:
    """As it is kept with a resident. `quiet` is from when until when they want no notices, local time."""

    emergency: Emergency | None = None
    people: tuple[str, ...] = ()
    pets: tuple[str, ...] = ()
    vehicles: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    quiet: tuple[time, time] | None = None
    no_rating: bool = False

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Record:
        """Raises KeyError or ValueError on what no record can have been."""
        emergency, quiet = stored.get("emergency"), stored.get("quiet")
        return cls(
            Emergency(str(emergency["name"]), str(emergency["phone"])) if emergency else None,
            _texts(stored.get("people", ())),
            _texts(stored.get("pets", ())),
            _texts(stored.get("vehicles", ())),
            tuple(Need(one) for one in stored.get("needs", ())),
            hours(*quiet) if quiet else None,
            bool(stored.get("no_rating", False)),
        )

    def to_json(self) -> dict[str, Json]:
        return {
            "emergency": None if self.emergency is None else asdict(self.emergency),
            "people": list(self.people),
            "pets": list(self.pets),
            "vehicles": list(self.vehicles),
            "needs": [one.value for one in self.needs],
            "quiet": None if self.quiet is None else [f"{at:%H:%M}" for at in self.quiet],
            "no_rating": self.no_rating,
        }


def hours(start: str, end: str) -> tuple[time, time]:
    """From when until when, as stored. Raises ValueError."""
    return time.fromisoformat(start), time.fromisoformat(end)


def _texts(stored: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in stored)
