"""The photos that came in through any door, as our own copies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from obstore.exceptions import BaseError

from bot.channel import Temporary, Unacceptable
from bot.media import MediaStore
from bot.reading import drawn
from models import attachment
from models.attachment import GONE
from models.database import Database

Load = Callable[[int], Awaitable[bytes]]
"""The bytes of an attachment, by its id; raises SendError, Temporary while there is no copy yet."""


def copies(database: Database, store: MediaStore) -> Load:
    """Our own copies of the photos that came in through any door."""

    async def load(number: int) -> bytes:
        async with database.reading() as session:
            photo = await attachment.one(session, number)
        if photo is None or photo.state in GONE:
            raise Unacceptable(f"attachment {number} is not kept")
        if photo.stored is None and photo.channel == attachment.QR:
            return drawn(photo.source)
        if photo.stored is None:
            raise Temporary(f"attachment {number} is not fetched yet")
        try:
            return await store.get(photo.stored)
        except FileNotFoundError:
            raise Unacceptable(f"attachment {number} is lost") from None
        except (OSError, BaseError) as error:
            raise Temporary(f"attachment {number}: {type(error).__name__}") from None

    return load


async def nothing_stored(attachment: int) -> bytes:
    """For a house without a store: no photo can be shown but those that a channel has been sent itself."""
    raise Unacceptable(f"attachment {attachment} is not stored")
