"""Everything that exists inside the emulator, as Telegram's own servers hold it."""

from dataclasses import dataclass, field
from itertools import count

from tests.emulators.telegram_clock import Clock, Signal
from tests.emulators.telegram_errors import JSON
from tests.emulators.telegram_files import Files
from tests.emulators.telegram_markup import keyboard_rows
from tests.emulators.telegram_rooms import FIRST_SUPERGROUP, Kind, Message, Person, Room


@dataclass(slots=True, eq=False)
class Toast:
    """The answer to a tap, as it flashes up on the phone."""

    query_id: str
    data: str | None
    text: str | None = None
    show_alert: bool = False
    url: str | None = None


@dataclass(slots=True, eq=False)
class Query:
    """A tap that waits for its answer."""

    id: str
    person: Person
    data: str | None
    asked_at: float
    toast: Toast | None = None
    answered: Signal = field(default_factory=Signal)


class World:
    """Everything that exists inside the emulator."""

    def __init__(self, bot: Person, clock: Clock) -> None:
        self.bot = bot
        self.clock = clock
        self.changed = Signal()
        self.files = Files()
        self.people: dict[int, Person] = {}
        self.rooms: dict[int, Room] = {}
        self.queries: dict[str, Query] = {}
        self.toasts: list[tuple[int, Toast]] = []
        self.privacy = True
        self._groups_of_media = count(13_000_000_001)
        self._query_ids = count(4_000_000_000_000_001)

    def person(self, person: Person) -> Person:
        known = self.people.setdefault(person.id, person)
        self.rooms.setdefault(person.id, Room(person.id, Kind.PRIVATE, person=known))
        return known

    def group(self, room_id: int, title: str) -> Room:
        kind = Kind.SUPERGROUP if room_id <= FIRST_SUPERGROUP else Kind.GROUP
        return self.rooms.setdefault(room_id, Room(room_id, kind, title=title))

    def new_media_group(self) -> str:
        return str(next(self._groups_of_media))

    def post(
        self,
        room: Room,
        sender: Person,
        content: JSON,
        reply_to: Message | None = None,
        markup: JSON | None = None,
        extra: JSON | None = None,
    ) -> Message:
        now, date = self.clock.seconds(), self.clock.date()
        message = Message(
            next(room.next_ids), room, sender, date, now, content, reply_to, markup, extra or {}
        )
        room.history.append(message)
        room.by_id[message.id] = message
        if sender.is_bot:
            self._lay_keyboard(room, markup)
        room.changed.fire()
        return message

    def _lay_keyboard(self, room: Room, markup: JSON | None) -> None:
        if markup and "keyboard" in markup:
            room.keyboard = keyboard_rows(markup)
        elif markup and markup.get("remove_keyboard"):
            room.keyboard = []

    def change(self, message: Message, content: JSON, markup: JSON | None) -> None:
        message.change(content, markup, self.clock.date())
        message.room.changed.fire()

    def delete(self, message: Message) -> None:
        message.deleted = True
        message.room.changed.fire()

    def ask(self, person: Person, data: str | None) -> Query:
        query = Query(str(next(self._query_ids)), person, data, self.clock.seconds())
        self.queries[query.id] = query
        return query

    def answer(self, query: Query, toast: Toast) -> None:
        if query.toast is None:
            query.toast = toast
            self.toasts.append((query.person.id, toast))
        query.answered.fire()
