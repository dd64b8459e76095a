"""What every peer is told by its environment: database, port, Bot API server."""

import os
from dataclasses import dataclass

TOKEN = "42:benchmark"
SECRET = "benchmark-secret"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
WEBHOOK = "/telegram/webhook"


@dataclass(frozen=True, slots=True)
class PeerSettings:
    database_url: str
    port: int
    api: str
    tuned: bool

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


def from_environment() -> PeerSettings:
    return PeerSettings(
        database_url=os.environ["BENCH_DATABASE_URL"],
        port=int(os.environ["BENCH_PORT"]),
        api=os.environ["BENCH_TELEGRAM_API"],
        tuned=os.environ.get("BENCH_TUNED") == "1",
    )
