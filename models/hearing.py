"""A message meets its conversation: everything it needs in one statement, everything it leaves in another."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import asyncpg
from sqlalchemy import JSON, BindParameter, Select, Table, bindparam, insert, or_, select, update
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from models.account import Account
from models.base import UtcDateTime
from models.community import Community, Home
from models.conversation import Conversation, Inbox
from models.outbox import Outbox
from models.resident import Membership, Phone


@dataclass(frozen=True, slots=True)
class Standing:
    """A conversation as a message finds it: locked, with its account, and what that message got before.

    `backlog` says whether anything waits to leave for this chat, or for its person to write again.
    `homes` are (id, name, community, time zone, settings, role) each, `phones` (rank, number) each. `recheck`
    wants them asked whether what is held of them is still right.
    """

    id: int
    draft: dict[str, Any] | None
    offered: dict[str, Any] | None
    revision: int
    account: int
    resident: int | None
    staff: int | None
    locale: str
    reachable: bool
    private: str
    seen: bool
    receipt: dict[str, Any] | None
    backlog: bool
    touched_at: datetime
    homes: Sequence[Sequence[Any]] = ()
    phones: Sequence[Sequence[Any]] = ()
    recheck: bool = False


async def find(
    session: AsyncSession, *, channel: str, bot: str, chat: str, account: str, key: str, now: datetime
) -> Standing | None:
    """The conversation, locked until the transaction ends; None on first contact."""
    place = {"channel": channel, "bot": bot, "chat": chat, "account": account, "key": key, "now": now}
    row = (await (await session.connection()).execute(_FIND, place)).first()
    return None if row is None else Standing(*row)


async def keep(
    session: AsyncSession,
    *,
    inbox: Mapping[str, Any],
    draft: Mapping[str, Any] | None,
    offered: Mapping[str, Any] | None,
    revision: int,
    now: datetime,
) -> None:
    """Store the draft, and the receipt under the message's key. Raises IntegrityError if kept before."""
    values = {
        **{f"its_{name}": value for name, value in inbox.items()},
        "its_received_at": now,
        "to_draft": draft,
        "to_offered": offered,
        "to_revision": revision,
    }
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        await _keep_at_once(connection, values)
        return
    await connection.execute(_RECEIVED, values)
    await connection.execute(_TOUCHED, values)


async def _keep_at_once(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Both in one round trip, handed to the driver as it is: this statement is half of all that are sent.

    `find` has begun the transaction on the same connection, so it is committed with everything else.
    """
    driver = (await connection.get_raw_connection()).driver_connection
    given = (_plain(values[name]) for name in _KEEP_ORDER)
    try:
        await driver.execute(_KEEP_SQL, *given)  # type: ignore[union-attr]
    except asyncpg.UniqueViolationError as error:
        raise IntegrityError("inbox", None, error) from error
    except asyncpg.PostgresError as error:  # what it means is told by its SQLSTATE: see `models.database`
        raise DBAPIError("inbox", None, error) from error
    except asyncpg.DataError:
        raise
    except asyncpg.InterfaceError as error:
        raise OperationalError("inbox", None, error) from error


def _plain(value: Any) -> Any:
    """A value as the driver takes it: JSON is text there."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


class rows_as_json(FunctionElement[Any]):  # noqa: N801 -- reads as the SQL function it is
    """All rows of a subquery as one JSON array of arrays."""

    type = JSON()
    inherit_cache = True


@compiles(rows_as_json, "postgresql")
def _on_postgresql(element: rows_as_json, compiler: SQLCompiler, **options: Any) -> str:
    columns = compiler.process(element.clauses, **options)
    return f"coalesce(json_agg(json_build_array({columns})), '[]'::json)"


@compiles(rows_as_json, "sqlite")
def _on_sqlite(element: rows_as_json, compiler: SQLCompiler, **options: Any) -> str:
    columns = [
        f"json({compiler.process(column, **options)})"
        if isinstance(column.type, JSON)
        else compiler.process(column, **options)
        for column in element.clauses
    ]
    return f"json_group_array(json_array({', '.join(columns)}))"


_account, _conversation = cast(Table, Account.__table__), cast(Table, Conversation.__table__)
_inbox, _outbox = cast(Table, Inbox.__table__), cast(Table, Outbox.__table__)


def _finding() -> Select[Any]:
    accounts, conversations, waiting, heard = _account.c, _conversation.c, _outbox.c, _inbox.c
    here: dict[str, BindParameter[str]] = {name: bindparam(name) for name in ("channel", "bot", "chat")}
    now = bindparam("now", type_=UtcDateTime())
    backlog = (
        select(1)
        .where(*(waiting[name] == value for name, value in here.items()))
        .where(or_(*(waiting.state == state for state in ("pending", "sending", "held"))))
        .where((waiting.not_before <= now) | (waiting.attempts > 0))
        .exists()
    )
    homes = (
        select(
            rows_as_json(
                Home.id, Home.name, Community.id, Community.timezone, Community.settings, Membership.role
            )
        )
        .select_from(Membership)
        .join(Home, Home.id == Membership.home_id)
        .join(Community, Community.id == Home.community_id)
        .where(Membership.resident_id == accounts.resident_id, Membership.since <= now)
        .where(or_(Membership.until.is_(None), Membership.until > now))
        .scalar_subquery()
    )
    phones = (
        select(rows_as_json(Phone.rank, Phone.number))
        .where(Phone.resident_id == accounts.resident_id)
        .scalar_subquery()
    )
    same = (heard.channel == here["channel"]) & (heard.bot == here["bot"]) & (heard.key == bindparam("key"))
    return (
        select(
            conversations.id,
            conversations.draft,
            conversations.offered,
            conversations.revision,
            accounts.id,
            accounts.resident_id,
            accounts.staff_id,
            accounts.locale,
            accounts.reachable,
            accounts.chat,
            heard.id.is_not(None),
            heard.receipt,
            backlog,
            conversations.touched_at,
            homes,
            phones,
            accounts.recheck,
        )
        .select_from(_conversation)
        .join(_account, accounts.id == conversations.account_id)
        .outerjoin(_inbox, same)
        .where(*(conversations[name] == value for name, value in here.items()))
        .where(accounts.channel == here["channel"], accounts.bot == here["bot"])
        .where(accounts.external_id == bindparam("account"))
        .with_for_update(of=_conversation)
    )


_FIND = _finding()
_INBOX = ("channel", "bot", "key", "conversation_id", "received_at", "receipt", "kept")
_RECEIVED = insert(_inbox).values({name: bindparam(f"its_{name}") for name in _INBOX})
_TOUCHED = (
    update(_conversation)
    .where(_conversation.c.id == bindparam("its_conversation_id"))
    .values(
        draft=bindparam("to_draft"),
        offered=bindparam("to_offered"),
        revision=bindparam("to_revision"),
        touched_at=bindparam("its_received_at"),
    )
)
_KEEP_BOTH = _TOUCHED.add_cte(_RECEIVED.cte("received")).compile(dialect=PGDialect_asyncpg())  # type: ignore[no-untyped-call]
_KEEP_SQL, _KEEP_ORDER = str(_KEEP_BOTH), tuple(_KEEP_BOTH.positiontup or ())
