"""A community from its workbooks, for the command line: read first, then all of it in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.office import Impossible, opened
from bot.settings import Settings
from handlers.desk import utcnow
from handlers.importing.bringing import Import
from handlers.importing.findings import Faulty
from handlers.importing.template import template
from handlers.importing.vocabulary import Vocabulary
from handlers.texts import Texts

__all__ = ["Faulty", "Told", "bring_in", "write_template"]


@dataclass(frozen=True, slots=True)
class Told:
    """What an import has to say: what it did, and what else was noticed."""

    done: str
    remarks: list[str]


async def bring_in(settings: Settings, path: Path, *, sheet: str, language: str, dry: bool) -> Told:
    """Import a file, or only say what that would change. Raises Impossible, Faulty and OSError."""
    importing = Import(path, *_speaking(language), sheet=sheet)
    book = importing.read()
    async with opened(settings) as database:
        if dry:
            async with database.reading() as session:
                plan = await importing.compare(session, utcnow(), book)
        else:
            async with database.transaction() as session:
                plan = await importing.compare(session, utcnow(), book)
                await importing.write(session, plan)
    return Told(importing.told(plan, dry=dry), importing.remarks())


def write_template(path: Path, *, language: str) -> None:
    """Write an empty workbook; what is there already is never overwritten. Raises Impossible and OSError."""
    if path.suffix.lower() != ".xlsx":
        raise Impossible(f"{path.name}: the template is a workbook: give it a name ending in .xlsx")
    empty = template(Vocabulary(*_speaking(language)))
    try:
        with path.open("xb") as file:
            file.write(empty)
    except FileExistsError:
        raise Impossible(f"{path.name} is there already, and is left as it is") from None


def _speaking(language: str) -> tuple[Texts, str]:
    texts = Texts.load()
    if language not in texts.locales:
        raise Impossible(f"no language {language!r}: one of {', '.join(texts.locales)}")
    return texts, language
