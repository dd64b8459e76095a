"""The courier: carries one update to a webhook and brings back what the bot said."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import cycle

import aiohttp

from tests.emulators.telegram_clock import Clock
from tests.emulators.telegram_errors import JSON

Answer = Callable[[aiohttp.ClientResponse], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Webhook:
    url: str
    secret: str | None = None
    max_connections: int = 40


@dataclass(frozen=True, slots=True)
class Trouble:
    """What getWebhookInfo tells of the last failed delivery."""

    date: int
    message: str


@dataclass(slots=True)
class Delivery:
    """One attempt to hand an update over; `status` None: nobody answered."""

    update: JSON
    url: str
    at: float
    status: int | None = None


@dataclass(slots=True)
class Courier:
    """Posts updates; `timeout` is in real seconds, as the bot's work does not go faster in emulated time."""

    clock: Clock
    answer: Answer
    timeout: float
    deliveries: list[Delivery] = field(default_factory=list)
    trouble: Trouble | None = None
    keep: bool = True
    _aliases: dict[str, "cycle[str]"] = field(default_factory=dict)
    _session: aiohttp.ClientSession | None = None

    def alias(self, public: str, local: tuple[str, ...]) -> None:
        self._aliases[public.rstrip("/")] = cycle(address.rstrip("/") for address in local)

    async def carry(self, update: JSON, url: str, secret: str | None) -> int | None:
        """The status of the bot's answer, whose body may hold one call; None when there was no answer."""
        delivery = Delivery(update, self._local(url), self.clock.seconds())
        if self.keep:
            self.deliveries.append(delivery)
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        try:
            async with self._client().post(
                delivery.url, json=update, headers=headers, allow_redirects=False
            ) as response:
                await self._hear(response, delivery)
        except TimeoutError:
            self._note("Read timeout expired")
        except aiohttp.ClientError as failure:
            self._note(f"Connection failed: {failure}")
        return delivery.status

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def _hear(self, response: aiohttp.ClientResponse, delivery: Delivery) -> None:
        if is_success(response.status):
            await self.answer(response)
        else:
            self._note(f"Wrong response from the webhook: {response.status} {response.reason}")
        delivery.status = response.status

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(self.timeout)
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout)
        return self._session

    def _local(self, url: str) -> str:
        for public, addresses in self._aliases.items():
            if url.startswith(public):
                return next(addresses) + url.removeprefix(public)
        return url

    def _note(self, message: str) -> None:
        self.trouble = Trouble(self.clock.date(), message)


def is_success(status: int | None) -> bool:
    return status is not None and 200 <= status < 300
