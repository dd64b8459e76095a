"""Who of several processes does a thing: one holds its lease, the others wait until it runs out."""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from handlers import leases
from models.database import Database

_UNKNOWN = "-"


async def hold(database: Database, name: str, holder: str, seconds: float, now: datetime) -> bool:
    """Take or renew a lease for some seconds; False while somebody else has it.

    `holder` is best made by `new_holder`: then a process that died on this machine is succeeded at once,
    instead of when its lease runs out.
    """
    until = now + timedelta(seconds=seconds)
    async with database.transaction() as session:
        keeper = await leases.take(session, name, holder, until, now)
        if keeper != holder and _dead(keeper):
            await leases.give_back(session, name, keeper)
            keeper = await leases.take(session, name, holder, until, now)
        return keeper == holder


async def release(database: Database, name: str, holder: str) -> None:
    """Hand the lease back before its time; nothing happens if somebody else has it."""
    async with database.transaction() as session:
        await leases.give_back(session, name, holder)


def new_holder() -> str:
    """A name for one holder in this process: where it runs, which process it is, and a random part."""
    pid = os.getpid()
    return f"{_place()}.{pid}.{_started(pid) or _UNKNOWN}.{secrets.token_hex(4)}"


def _dead(holder: str) -> bool:
    """Whether the holder's process ran where this one runs, and is gone for certain."""
    place, _, rest = holder.partition(".")
    pid, _, rest = rest.partition(".")
    started = rest.partition(".")[0]
    if place != _place() or place == _UNKNOWN or started in ("", _UNKNOWN) or not pid.isdecimal():
        return False
    return _started(int(pid)) != started


def _place() -> str:
    """Within the same place a process id means the same process: one boot, one namespace of ids (Linux)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return _UNKNOWN
    return hashlib.sha256(f"{boot} {namespace}".encode()).hexdigest()[:16]


def _started(pid: int) -> str:
    """When a process started, in ticks since the boot (proc(5), field 22); empty if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat[stat.rindex(")") + 2 :].split()
    return "" if fields[0] == "Z" else fields[19]
