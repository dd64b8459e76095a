"""Updates as Telegram sends them, one file each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bot.telegram.updates import inbound
from handlers.envelopes import Inbound

FOLDER = Path(__file__).parents[2] / "payloads" / "telegram"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
BOT, USERNAME = "4242", "wubu_test_bot"


def payload(name: str) -> dict[str, Any]:
    update: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return update


def heard(name: str) -> Inbound:
    """What the house hears in this payload."""
    arrived = inbound(payload(name), bot=BOT, username=USERNAME)
    assert arrived is not None, f"{name} says nothing"
    return arrived
