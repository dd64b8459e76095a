"""The secret is made once, whole, and for all processes alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bot.settings import Settings


def test_all_who_start_at_once_have_the_same_secret(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path / "var")
    with ThreadPoolExecutor(16) as starting:
        keys = set(starting.map(lambda _: settings.key(), range(64)))
    assert len(keys) == 1
    assert len(keys.pop()) > 40
    kept = [path.name for path in (tmp_path / "var").iterdir()]
    assert kept == ["secret_key"]
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o077 == 0


def test_a_secret_that_was_never_written_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    key = Settings(var=tmp_path).key()
    assert len(key) > 40
    assert Settings(var=tmp_path).key() == key
