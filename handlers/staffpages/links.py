"""Links to a ticket's page: signed, good for a while, for a whole group or for one colleague alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from itsdangerous import BadSignature, Signer

from handlers.desk import Desk

GROUP_LIVES = timedelta(days=30)
PERSONAL_LIVES = timedelta(days=7)
PAGE = "/staff/t/"
NO_TICKET = 0
"""Stands for the list of all of a colleague's tickets."""
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Pass:
    """What a link says: the ticket, until when, and for whom; None is whoever works there."""

    ticket: int
    until: datetime
    staff: int | None = None

    def good(self, now: datetime) -> bool:
        return now < self.until

    @property
    def name(self) -> str:
        """Under which it is remembered: what it says, since a signature can be written in several ways."""
        return f"{self.ticket:x}.{int(self.until.timestamp()):x}.{self.staff or 0:x}"


def ticket_link(desk: Desk, ticket: int, since: datetime) -> str:
    """The page of a ticket, for a group's card: only for staff who are signed in. "" without an address."""
    return _link(desk, group_token(desk, ticket, since))


def personal_link(desk: Desk, ticket: int, staff: int, since: datetime) -> str:
    """The page of a ticket for one colleague, who is signed in by it, once. "" without an address."""
    return _link(desk, _token(desk, ticket, since + PERSONAL_LIVES, staff))


def home_link(desk: Desk, staff: int, since: datetime) -> str:
    """The list of jobs for one colleague, who is signed in by it, once. "" without an address."""
    return _link(desk, _token(desk, NO_TICKET, since + PERSONAL_LIVES, staff))


def group_token(desk: Desk, ticket: int, since: datetime) -> str:
    """The last part of a group's link: the same for the same minute, so that cards need not be redrawn."""
    return _token(desk, ticket, since + GROUP_LIVES, None)


def read(desk: Desk, token: str) -> Pass | None:
    """What a token says, whether or not it is still good; None when it is not one of ours."""
    try:
        ticket, until, *staff = _signer(desk.key).unsign(token).decode().split(".")
        ends = datetime.fromtimestamp(int(until, 16) * _MINUTE, UTC)
        return Pass(int(ticket, 16), ends, int(staff[0], 16) if staff else None)
    except (BadSignature, ValueError):
        return None


def _link(desk: Desk, token: str) -> str:
    return f"{desk.address}{PAGE}{token}" if desk.address else ""


def _token(desk: Desk, ticket: int, until: datetime, staff: int | None) -> str:
    minutes = -(-int(until.timestamp()) // _MINUTE)
    whom = "" if staff is None else f".{staff:x}"
    return _signer(desk.key).sign(f"{ticket:x}.{minutes:x}{whom}").decode()


@lru_cache(maxsize=8)
def _signer(key: str) -> Signer:
    return Signer(key, salt="wubu.staff.link", key_derivation="hmac", digest_method=hashlib.sha256)
