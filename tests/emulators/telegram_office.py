"""What every method of the Bot API needs at hand: the world, the budgets, the mail, the bot's profile."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.telegram_calls import Params
from tests.emulators.telegram_errors import JSON, bad_request
from tests.emulators.telegram_limits import Meter
from tests.emulators.telegram_mail import Mail
from tests.emulators.telegram_rooms import Message, Room
from tests.emulators.telegram_world import World


@dataclass(slots=True)
class Profile:
    """What the bot says about itself, by language; commands by scope and language."""

    commands: dict[tuple[str, str], list[JSON]] = field(default_factory=dict)
    words: dict[tuple[str, str], str] = field(default_factory=dict)
    menu_buttons: dict[int | None, JSON] = field(default_factory=dict)


@dataclass(slots=True)
class Office:
    world: World
    meter: Meter
    mail: Mail
    profile: Profile = field(default_factory=Profile)

    def room(self, params: Params, name: str = "chat_id") -> Room:
        """The chat of a call, when the bot may act in it."""
        room = self._named(params.text(name))
        refusal = room.refusal()
        if refusal:
            raise refusal
        return room

    def known_room(self, params: Params) -> Room:
        """The chat of a question, which may also be asked about somebody who blocked the bot."""
        room = self._named(params.text("chat_id"))
        refusal = room.refusal()
        if refusal and not (room.private and room.bot):
            raise refusal
        return room

    def _named(self, chat_id: str) -> Room:
        if not chat_id:
            raise bad_request("chat_id is empty")
        try:
            room = self.world.rooms.get(int(chat_id))
        except ValueError:
            room = None
        if room is None:
            raise bad_request("chat not found")
        return room

    def spend(self, room: Room, method: str, cost: int = 1) -> None:
        self.meter.spend(room.id, method, group=not room.private, cost=cost)

    def reply_target(self, room: Room, params: Params) -> Message | None:
        """The message that a new one answers; refused when it is gone, unless the bot said never mind."""
        given = params.structure("reply_parameters") or {}
        number = given.get("message_id") or params.integer("reply_to_message_id")
        if not number:
            return None
        message = room.find(int(number))
        lenient = given.get("allow_sending_without_reply") or params.flag("allow_sending_without_reply")
        if message is None and not lenient:
            raise bad_request("message to be replied not found")
        return message


Method = Callable[[Office, Params], Any | Awaitable[Any]]
