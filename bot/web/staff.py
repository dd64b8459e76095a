"""The addresses of the staff pages: the list, the tickets, their forms and photos, and the way in."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter

from bot.media import MediaStore
from bot.web.staffbadge import Badges
from bot.web.staffdoor import StaffDoor
from bot.web.staffforms import PhotoLinks
from bot.web.staffhall import Endpoint, Hall
from bot.web.staffpages import StaffPages
from bot.web.staffticket import TicketDesk
from handlers.desk import Desk


def staff_rooms(desk: Desk, store: MediaStore, base: str, wake: Callable[[], None]) -> APIRouter:
    """The staff pages; `base` is where their style sheets are, `wake` tells that something may leave."""
    badges = Badges(desk.key, desk.address)
    hall = Hall(desk, badges, StaffPages(desk.texts, badges, base), wake)
    door = StaffDoor(hall)
    tickets = TicketDesk(hall, door, store, PhotoLinks(desk.key))
    rooms = APIRouter(include_in_schema=False)
    reads: dict[str, Endpoint] = {
        "/staff": tickets.jobs,
        "/staff/photo/{name}": tickets.photo,
        "/staff/t/{token}": tickets.ticket,
        "/staff/t/{token}/{action}": tickets.form,
    }
    changes: dict[str, Endpoint] = {
        "/staff/code": door.code,
        "/staff/enter": door.enter,
        "/staff/link": door.send_link,
        "/staff/leave": door.leave,
        "/staff/language": door.language,
        "/staff/t/{token}/{action}": tickets.act,
    }
    for path, endpoint in reads.items():
        rooms.add_route(path, hall.guarded(endpoint), methods=["GET"])
    for path, endpoint in changes.items():
        rooms.add_route(path, hall.guarded(endpoint), methods=["POST"])
    return rooms
