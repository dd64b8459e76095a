"""The back office: what the command line asks for, each in one transaction on an up-to-date database."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bot.settings import Settings
from bot.wecom.escaping import is_key
from handlers import demo, office, teams
from handlers.desk import Desk, Work, utcnow
from handlers.identity import merging
from handlers.office import HOME_ROLES, STAFF_ROLES, Impossible
from handlers.texts import Texts
from models import schema
from models.database import Database
from models.merge import Merge
from models.schema import Unknown, Unreachable

__all__ = [
    "HOME_ROLES",
    "STAFF_ROLES",
    "Impossible",
    "Unknown",
    "Unreachable",
    "add_staff",
    "bind_group",
    "free_port",
    "home_code",
    "merge_residents",
    "opened",
    "part_residents",
    "upgrade",
    "working",
]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database with this release's tables and, where it is wanted, the demo community.

    Raises Unreachable and Unknown.
    """
    database = Database(settings.database_url)
    try:
        await schema.upgrade(database)
        if settings.demo:
            async with database.transaction() as session:
                await demo.seed(session, utcnow())
        yield database
    finally:
        await database.close()


async def upgrade(settings: Settings) -> None:
    """Bring the tables up to date, and do nothing else."""
    async with opened(settings):
        return


async def home_code(settings: Settings, *, community: str, home: str, role: str) -> str:
    """See handlers.office.home_code."""
    async with opened(settings) as database, database.transaction() as session:
        return await office.home_code(session, utcnow(), community=community, home=home, role=role)


async def merge_residents(settings: Settings, *, keep: str, gone: str) -> str:
    """See handlers.office.merge_residents; says what moved and how to take it back."""
    async with working(settings) as work:
        made = await office.merge_residents(work, keep, gone)
        return f"{gone} is {keep} now ({_counted(made)}); to take it back: resident undo {made.id}"


async def part_residents(settings: Settings, *, number: int) -> str:
    """See handlers.office.part_residents; says what returned."""
    async with working(settings) as work:
        made = await office.part_residents(work, number)
        return f"resident {made.gone_id} is there again ({_counted(made)})"


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[Work]:
    """One transaction's work on an up-to-date database."""
    async with opened(settings) as database, database.transaction() as session:
        yield Work(Desk(database, Texts.load(), {}, key=settings.key()), session, utcnow())


def _counted(made: Merge) -> str:
    return ", ".join(f"{what} {n}" for what, n in merging.counted(made).items())


async def add_staff(
    settings: Settings, *, name: str, community: str, roles: Sequence[str], phone: str
) -> str:
    """See handlers.office.add_staff."""
    async with opened(settings) as database, database.transaction() as session:
        return await office.add_staff(
            session, utcnow(), name=name, community=community, roles=roles, phone=phone
        )


async def bind_group(
    settings: Settings, *, purpose: str, community: str, channel: str, bot: str = "", chat: str = ""
) -> None:
    """See handlers.office.bind_group; what follows from the channel need not be given."""
    match channel:
        case "wecom":
            bot = _app(settings, bot, chat)
        case "robot":
            bot, chat = "wecom", _key(chat)
        case "telegram" | "web" if not (bot and chat):
            raise Impossible(f"a group on {channel} is named by --bot and --chat")
    async with opened(settings) as database, database.transaction() as session:
        await office.bind_group(
            session, purpose=purpose, community=community, channel=channel, bot=bot, chat=chat
        )


def _app(settings: Settings, bot: str, chat: str) -> str:
    """The bot of a team on WeCom: there is one app, and its settings say which."""
    if bot or chat:
        raise Impossible("on wecom there is no group to be named: without --bot and --chat, please")
    for name in ("wecom_corpid", "wecom_secret", "wecom_agentid"):
        if not getattr(settings, name):
            raise Impossible(f"WUBU_{name.upper()}: is needed for that: the app of the staff")
    return teams.app(settings.wecom_corpid, settings.wecom_agentid)


def _key(chat: str) -> str:
    """The key of a group's robot, also out of the whole address that WeCom shows; it is told to nobody."""
    key = chat.strip().rpartition("key=")[2]
    if not is_key(key):
        raise Impossible("on robot --chat is the key at the end of the address that WeCom shows")
    return key


def free_port(settings: Settings) -> None:
    """Make sure that somebody can listen at HOST and PORT. Raises Impossible."""
    try:
        with socket.create_server((settings.host, settings.port), family=_family(settings.host)):
            return
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise Impossible(f"WUBU_PORT: cannot listen at {settings.host}:{settings.port}: {why}") from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
