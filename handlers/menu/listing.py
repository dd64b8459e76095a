"""A resident's tickets, and the jobs that a colleague has taken, in a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, select

from flows import catalogue
from handlers.cards import sheets
from handlers.cards.buttons import ticket_data
from handlers.cards.lines import title
from handlers.desk import Scene
from handlers.envelopes import Button, Outgoing
from handlers.menu import choices
from handlers.staffpages import links
from handlers.wording import rows
from models.account import Account
from models.ticket import Ticket

SHOWN = 8


async def my_tickets(scene: Scene) -> None:
    """A resident's open tickets, or the last one."""
    if scene.standing.resident is None:
        await choices.ask_to_bind(scene)
        return
    whose = select(Account.resident_id).where(Account.id == scene.standing.account)
    mine = Ticket.resident_id == whose.scalar_subquery()
    found = await _open(scene, mine)
    if not found:
        last = await scene.session.scalar(select(Ticket).where(mine).order_by(Ticket.id.desc()).limit(1))
        found = [last] if last is not None else []
    await _list(scene, found, scene.text("menu.tickets"), scene.text("tickets.none"))


async def my_jobs(scene: Scene) -> None:
    """The jobs a staff member has taken and not finished."""
    if scene.standing.staff is None:
        await my_tickets(scene)
        return
    found = await _open(scene, Ticket.assignee_id == scene.standing.staff)
    page = links.home_link(scene.work.desk, scene.standing.staff, scene.work.now)
    await _list(scene, found, scene.text("menu.jobs"), scene.text("staff.no_jobs"))
    if page:
        opens = Button(scene.text("staff.link.jobs"), "", url=page)
        scene.replies[-1] = replace(scene.replies[-1], buttons=(*scene.replies[-1].buttons, (opens,)))


async def _open(scene: Scene, whose: ColumnElement[bool]) -> Sequence[Ticket]:
    final = {state.value for table in catalogue.lifecycles().values() for state in table.final}
    query = select(Ticket).where(whose, Ticket.state.not_in(final)).order_by(Ticket.id.desc()).limit(SHOWN)
    return (await scene.session.scalars(query)).all()


async def _list(scene: Scene, found: Sequence[Ticket], above: str, none: str) -> None:
    lines, buttons = [], []
    for ticket in found:
        shown = await sheets.of(scene.session, ticket)
        lines.append(title(shown, scene.work.desk.texts, scene.locale))
        buttons.append(Button(ticket.number, ticket_data(ticket.id, "show")))
    scene.replies.append(Outgoing("\n".join(lines) or none, above, rows(buttons)))
