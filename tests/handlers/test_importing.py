"""A community comes from its workbooks: all of it or nothing, once, and with every bad cell named."""

from __future__ import annotations

import asyncio
import re
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.styles import Font
from openpyxl.utils.exceptions import IllegalCharacterError
from sqlalchemy import event, func, select, update

import main
from handlers.importing import cells, moments, opening, places, workbook
from handlers.importing.bringing import Import
from handlers.importing.cells import Odd, Raw
from handlers.importing.concepts import Concept, columns, promises
from handlers.importing.findings import MOST_TOLD, Faulty, Wrong
from handlers.importing.template import template
from handlers.importing.vocabulary import Vocabulary
from handlers.policy import policy
from handlers.texts import Texts
from models import (
    Base,
    Building,
    ChangeLog,
    Community,
    Home,
    Membership,
    Phone,
    Resident,
    Shift,
    Staff,
    StaffRole,
)
from models.database import Database
from tests.locales.mentions import raised
from tests.test_main import Program

TEXTS = Texts.load()
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
Cells: TypeAlias = Sequence[object]
Sheets: TypeAlias = Mapping[str, Sequence[Cells]]

GARDEN: Sheets = {
    "communities": [
        ("code", "name", "hotline", "hours"),
        ("XYH", "西园花苑", "021-5555 0100", "08:30-18:00"),
    ],
    "buildings": [("name",), ("1号楼",), ("2号楼",)],
    "homes": [("building", "name"), ("1号楼", "1-101"), ("1号楼", "1-102"), ("2号楼", "2-101")],
    "residents": [
        ("name", "phones", "homes", "role", "since", "locale"),
        ("张伟", "13900001001, 010-5555 1234", "1-101, 1-102", "owner", "2026-01-01", "zh_CN"),
        ("王秀英", "13900001002", "1-101", "family", None, "en"),
    ],
    "staff": [
        ("name", "name_en", "phone", "roles"),
        ("王建国", "Wang Jianguo", "13900002001", "technician, duty_lead"),
        ("刘芳", "Liu Fang", "13900002002", "assistant"),
    ],
    "shifts": [
        ("staff", "role", "start", "end"),
        ("13900002001", "technician", "2026-12-01 08:00", "2026-12-01 20:00"),
        ("刘芳", "assistant", "2026-12-01 20:00", "08:00"),
    ],
}


def written(path: Path, sheets: Sheets) -> Path:
    """A workbook with these rows."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def csvs(folder: Path, sheets: Sheets, encoding: str = "utf-8") -> Path:
    """A folder with a CSV file a sheet."""
    folder.mkdir(exist_ok=True)
    for title, rows in sheets.items():
        lines = (",".join(f'"{"" if cell is None else cell}"' for cell in row) for row in rows)
        (folder / f"{title}.csv").write_text("\n".join(lines), encoding=encoding)
    return folder


async def bring(
    database: Database, path: Path, *, sheet: str = "", locale: str = "en", now: datetime = NOW
) -> tuple[str, list[str]]:
    """What an import says, and what it remarks."""
    importing = Import(path, TEXTS, locale, sheet=sheet)
    book = importing.read()
    async with database.transaction() as session:
        plan = await importing.compare(session, now, book)
        await importing.write(session, plan)
    return importing.told(plan, dry=False), importing.remarks()


async def refused(database: Database, path: Path, **how: str) -> list[str]:
    """Why an import is refused; it has left nothing behind."""
    before = await counts(database)
    with pytest.raises(Faulty) as why:
        await bring(database, path, **how)  # type: ignore[arg-type]
    assert await counts(database) == before
    return why.value.lines


async def counts(database: Database) -> dict[str, int]:
    async with database.reading() as session:
        return {
            name: await session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


@pytest.fixture
async def garden(database: Database, tmp_path: Path) -> Database:
    """A database into which the garden was imported."""
    await bring(database, written(tmp_path / "garden.xlsx", GARDEN))
    return database


def with_rows(title: str, *rows: Cells, header: Cells = ()) -> Sheets:
    """One sheet under the garden's headers."""
    return {title: [header or GARDEN[title][0], *rows]}


# --- everything is brought in, once


async def test_everything_is_there(garden: Database) -> None:
    async with garden.reading() as session:
        place = (await session.scalars(select(Community))).one()
        homes = dict((await session.execute(select(Home.name, Building.name).join(Building))).all())
        people = {one.name: one for one in await session.scalars(select(Resident))}
        phones = (await session.scalars(select(Phone.number).order_by(Phone.resident_id, Phone.rank))).all()
        lives = (
            await session.execute(
                select(Resident.name, Home.name, Membership.role, Membership.since, Membership.verified_by)
                .join(Membership, Membership.resident_id == Resident.id)
                .join(Home, Home.id == Membership.home_id)
                .order_by(Membership.id)
            )
        ).all()
        roles = {tuple(row) for row in await session.execute(select(Staff.name, StaffRole.role).join(Staff))}
        shifts = (await session.scalars(select(Shift).order_by(Shift.starts_at))).all()
    assert (place.code, place.name, place.timezone) == ("XYH", "西园花苑", "Asia/Shanghai")
    assert place.settings == {"hotline": "021-5555 0100", "hours": [["08:30", "18:00"]]}
    assert homes == {"1-101": "1号楼", "1-102": "1号楼", "2-101": "2号楼"}
    assert {name: one.locale for name, one in people.items()} == {"张伟": "zh_CN", "王秀英": "en"}
    assert phones == ["+8613900001001", "+861055551234", "+8613900001002"]
    new_year = datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert [tuple(one) for one in lives] == [
        ("张伟", "1-101", "owner", new_year, "import"),
        ("张伟", "1-102", "owner", new_year, "import"),
        ("王秀英", "1-101", "family", NOW, "import"),
    ]
    assert roles == {("王建国", "technician"), ("王建国", "duty_lead"), ("刘芳", "assistant")}
    at = [(shift.role, shift.starts_at, shift.ends_at) for shift in shifts]
    assert at == [
        ("technician", datetime(2026, 12, 1, 0, tzinfo=UTC), datetime(2026, 12, 1, 12, tzinfo=UTC)),
        ("assistant", datetime(2026, 12, 1, 12, tzinfo=UTC), datetime(2026, 12, 2, 0, tzinfo=UTC)),
    ]


async def test_what_was_done_is_told(database: Database, tmp_path: Path) -> None:
    path = written(tmp_path / "garden.xlsx", GARDEN)
    said, remarks = await bring(database, path)
    assert said == (
        "imported: 1 community new, 2 buildings new, 3 homes new, 2 residents new, "
        "2 members of staff new, 2 shifts new"
    )
    assert remarks == []


@pytest.mark.parametrize("later", [timedelta(), timedelta(days=40)], ids=["at once", "later"])
async def test_a_second_time_changes_nothing(garden: Database, tmp_path: Path, later: timedelta) -> None:
    before = await everything(garden)
    said, remarks = await bring(garden, tmp_path / "garden.xlsx", now=NOW + later)
    assert said == "nothing to do: everything in garden.xlsx is there already"
    assert remarks == []
    assert await everything(garden) == before


async def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    async with database.reading() as session:
        return {
            name: [tuple(row) for row in await session.execute(select(table).order_by(*table.primary_key))]
            for name, table in Base.metadata.tables.items()
        }


async def test_a_dry_run_says_the_same_and_writes_nothing(database: Database, tmp_path: Path) -> None:
    importing = Import(written(tmp_path / "garden.xlsx", GARDEN), TEXTS, "zh_CN")
    book = importing.read()
    async with database.transaction() as session:
        plan = await importing.compare(session, NOW, book)
    assert importing.told(plan, dry=True).startswith("将会导入：新增项目 1 个，新增楼栋 2 栋，新增房屋 3 套")
    assert not any((await counts(database)).values())


async def test_sheets_find_what_is_there_already(garden: Database, tmp_path: Path) -> None:
    """One sheet at a time, into a community that stands."""
    said, _ = await bring(
        garden, written(tmp_path / "more.xlsx", with_rows("homes", ("2号楼", "2-102"), ("1号楼", "1-101")))
    )
    assert said == "imported: 1 home new"
    rows = with_rows("residents", ("李娜", "13900001003", "2-102", "tenant", None, None))
    assert (await bring(garden, written(tmp_path / "more.xlsx", rows)))[0] == "imported: 1 resident new"


async def test_everything_can_change_but_the_keys(garden: Database, tmp_path: Path) -> None:
    changed: Sheets = {
        "communities": [("code", "name", "hours"), ("xyh", "西园花苑二期", "09:00-12:00, 13:00-17:00")],
        "homes": [("building", "name"), ("2号楼", "1-102")],
        "residents": [
            ("name", "phones", "homes", "role", "since", "locale"),
            ("张伟", "010-5555 1234、13900001001", "1-101", "tenant", "2026-02-01", "en"),
            ("王秀瑛", "13900001002", "1-101", "family", None, None),
        ],
        "staff": [("name", "phone", "roles", "name_en"), ("王建国", "13900002001", "guard", "Jianguo Wang")],
        "shifts": [GARDEN["shifts"][0], ("13900002001", "technician", "2026-12-01 08:00", "22:00")],
    }
    said, remarks = await bring(garden, written(tmp_path / "changed.xlsx", changed))
    assert said == (
        "imported: 1 community changed, 1 home changed, 2 residents changed, 1 phone changed, "
        "1 role or day of moving in changed, 1 member of staff changed, 1 role of staff new, 1 shift changed"
    )
    assert remarks == ["residents!A3: 王秀英 is called 王秀瑛 from now on"]
    async with garden.reading() as session:
        place = (await session.scalars(select(Community))).one()
        building = await session.scalar(select(Building.name).join(Home).where(Home.name == "1-102"))
        log = await session.execute(
            select(ChangeLog.field, ChangeLog.old, ChangeLog.new)
            .where(ChangeLog.field != "home")
            .order_by(ChangeLog.id)
        )
        told = set((await session.scalars(select(ChangeLog.why))).all())
        first = await session.scalar(select(Phone.number).filter_by(rank=0).order_by(Phone.resident_id))
        ends = await session.scalar(select(Shift.ends_at).filter_by(role="technician"))
        assert len((await session.scalars(select(StaffRole))).all()) == 4
    assert place.name == "西园花苑二期"
    assert place.settings["hotline"] == "021-5555 0100", "what a sheet does not say stays as it was"
    assert place.settings["hours"] == [["09:00", "12:00"], ["13:00", "17:00"]]
    assert building == "2号楼"
    assert sorted(tuple(row) for row in log) == [
        ("locale", "zh_CN", "en"),
        ("name", "王秀英", "王秀瑛"),
        ("phones", "+8613900001001, +861055551234", "+861055551234, +8613900001001"),
        ("role", "1-101 owner", "1-101 tenant"),
        ("since", "1-101 2026-01-01", "1-101 2026-02-01"),
    ]
    assert told == {"imported from garden.xlsx", "imported from changed.xlsx"}
    assert first == "+861055551234"
    assert ends == datetime(2026, 12, 1, 14, tzinfo=UTC)


async def test_promises_are_kept_one_by_one(garden: Database, tmp_path: Path) -> None:
    for row in ("repair.respond=30; repair.urgent.resolve=240", "repair.resolve=2880"):
        path = written(tmp_path / "promises.xlsx", {"communities": [("code", "promises"), ("XYH", row)]})
        await bring(garden, path)
    async with garden.reading() as session:
        place = (await session.scalars(select(Community))).one()
    promised = {"repair": {"respond": 30, "resolve": 2880}, "repair.urgent": {"resolve": 240}}
    assert place.settings["promises"] == promised


async def test_weekends_holidays_and_what_makes_up_for_them(garden: Database, tmp_path: Path) -> None:
    async with garden.transaction() as session:
        await session.execute(
            update(Community).values(settings={"closed": ["2026-05-01"], "week": {"1": []}})
        )
    header = ("code", "saturday", "sunday", "holidays", "workdays", "reconfirm_days", "consent_version")
    row = ("XYH", "9:00-12:00", "closed", "2026-10-01、2026-10-02", "2026-10-10", 90, "2027-01")
    path = written(tmp_path / "days.xlsx", {"communities": [header, row]})
    assert (await bring(garden, path))[0] == "imported: 1 community changed"
    assert (await bring(garden, path))[0].startswith("nothing to do")
    async with garden.reading() as session:
        place = (await session.scalars(select(Community))).one()
    assert place.settings == {
        "week": {"1": [], "6": [["09:00", "12:00"]], "7": []},
        "holidays": ["2026-10-01", "2026-10-02"],
        "workdays": ["2026-10-10"],
        "reconfirm_days": 90,
        "consent_version": "2027-01",
    }
    calendar = policy(place.settings, place.timezone).calendar
    assert [calendar.is_working_day(date(2026, 10, day)) for day in (1, 9, 10, 11)] == [
        False,
        True,
        True,
        False,
    ]


async def test_what_is_wrong_about_a_day_is_named(garden: Database, tmp_path: Path) -> None:
    header = ("code", "saturday", "sunday", "holidays", "workdays", "reconfirm_days")
    row = ("XYH", "9 to 5", "09:00-12:00, 11:00-13:00", "2026-10-01, 10月2日", "2026-10-10, soon", 0)
    path = written(tmp_path / "days.xlsx", {"communities": [header, row]})
    assert await refused(garden, path) == [
        "communities!B2: 9 is not an hour; such as 08:00",
        "communities!C2: 09:00-12:00, 11:00-13:00 overlap",
        "communities!D2: 10月2日 is not a day; such as 2026-12-01",
        "communities!E2: soon is not a day; such as 2026-12-01",
        "communities!F2: 0 is not a whole number from 1 to 3650",
        "nothing was imported: 5 faults",
    ]
    both = ("XYH", None, None, "2026-10-01, 2026-10-10", "2026-10-10", None)
    path = written(tmp_path / "both.xlsx", {"communities": [header, both]})
    line, _ = await refused(garden, path)
    assert line.startswith("communities!E2: 2026-10-10 is in communities!D2 as well")


async def test_a_building_has_its_assistant(database: Database, tmp_path: Path) -> None:
    """Named with the building, before the sheet that tells who they are."""
    sheets = {**GARDEN, "buildings": [("name", "assistant"), ("1号楼", "刘芳"), ("2号楼", None)]}
    path = written(tmp_path / "garden.xlsx", sheets)
    assert "2 buildings new" in (await bring(database, path))[0]
    assert (await bring(database, path))[0].startswith("nothing to do")
    assert await assistants(database) == {"1号楼": "刘芳", "2号楼": None}
    more: Sheets = {
        "buildings": [("name", "assistant"), ("1号楼", "13900002003"), ("2号楼", "刘芳"), ("3号楼", "刘芳")],
        "staff": [("name", "phone", "roles"), ("周敏", "13900002003", "assistant")],
    }
    said, _ = await bring(database, written(tmp_path / "more.xlsx", more))
    assert said == "imported: 1 building new, 2 buildings changed, 1 member of staff new"
    assert await assistants(database) == {"1号楼": "周敏", "2号楼": "刘芳", "3号楼": "刘芳"}


async def assistants(database: Database) -> dict[str, str | None]:
    async with database.reading() as session:
        query = select(Building.name, Staff.name).join(Staff, Staff.id == Building.assistant_id, isouter=True)
        return dict((await session.execute(query)).all())


async def test_who_cannot_be_an_assistant_is_named(garden: Database, tmp_path: Path) -> None:
    rows = ("1号楼", "王建国"), ("2号楼", "nobody"), ("3号楼", "刘芳"), ("3号楼", "周敏")
    sheets: Sheets = {
        "buildings": [("name", "assistant"), *rows],
        "staff": [("name", "phone", "roles"), ("周敏", "13900002003", "assistant")],
    }
    assert await refused(garden, written(tmp_path / "bad.xlsx", sheets)) == [
        "buildings!B2: 王建国 is no assistant in XYH",
        "buildings!B3: nobody of the staff of XYH has the phone or name nobody",
        "buildings!B5: says something else than buildings!B4 about the same",
        "nothing was imported: 3 faults",
    ]


async def test_a_new_phone_of_somebody_known_at_the_door(garden: Database, tmp_path: Path) -> None:
    rows = with_rows("residents", ("王秀英", "13900009999", "1-101", "family", None, None))
    said, _ = await bring(garden, written(tmp_path / "phone.xlsx", rows))
    assert said == "imported: 1 phone changed"
    async with garden.reading() as session:
        numbers = await session.scalars(
            select(Phone.number).join(Resident).where(Resident.name == "王秀英").order_by(Phone.rank)
        )
        assert numbers.all() == ["+8613900009999", "+8613900001002"], "nothing is ever deleted"


async def test_two_of_a_family_share_a_second_phone(garden: Database, tmp_path: Path) -> None:
    rows = with_rows(
        "residents",
        ("李强", "13900003001, 13900003009", "2-101", "owner", None, None),
        ("李小明", "13900003002, 13900003009", "2-101", "family", None, None),
        ("李奶奶", "13900003009", "2-101", "family", None, None),
    )
    path = written(tmp_path / "family.xlsx", rows)
    assert (await bring(garden, path))[0] == "imported: 3 residents new"
    assert (await bring(garden, path))[0].startswith("nothing to do")


async def test_who_has_moved_out_is_not_moved_in_by_an_old_list(garden: Database, tmp_path: Path) -> None:
    async with garden.transaction() as session:
        left = update(Membership).where(Membership.role == "family")
        await session.execute(left.values(until=NOW))
    day_after = NOW + timedelta(days=1)
    said, remarks = await bring(garden, tmp_path / "garden.xlsx", now=day_after)
    assert said.startswith("nothing to do")
    assert [line.partition(", and")[0] for line in remarks] == ["residents!C3: has moved out of 1-101"]
    back = with_rows("residents", ("王秀英", "13900001002", "1-101", "tenant", "2026-12-24", None))
    path = written(tmp_path / "back.xlsx", back)
    assert (await bring(garden, path, now=day_after))[0] == "imported: 1 move into a home new"
    assert (await bring(garden, path, now=day_after))[0].startswith("nothing to do")
    async with garden.reading() as session:
        stays = (await session.scalars(select(Membership).filter_by(home_id=1).order_by(Membership.id))).all()
    assert [(one.role, one.until) for one in stays] == [("owner", None), ("family", NOW), ("tenant", None)]


async def test_who_has_left_the_staff_is_not_taken_on_by_an_old_list(
    garden: Database, tmp_path: Path
) -> None:
    async with garden.transaction() as session:
        await session.execute(update(Staff).where(Staff.name == "刘芳").values(left_at=NOW))
    said, remarks = await bring(garden, tmp_path / "garden.xlsx")
    assert said.startswith("nothing to do")
    assert [line.partition(":")[0] for line in remarks] == ["staff!C3", "shifts!A3"]


async def test_a_colleague_without_a_phone_gets_theirs(garden: Database, tmp_path: Path) -> None:
    async with garden.transaction() as session:
        await session.execute(update(Staff).where(Staff.name == "刘芳").values(phone=None))
    assert (await bring(garden, tmp_path / "garden.xlsx"))[0] == "imported: 1 member of staff changed"


async def test_two_imports_at_once_bring_everything_once(database_url: str, tmp_path: Path) -> None:
    path = written(tmp_path / "garden.xlsx", GARDEN)
    both = Database(database_url), Database(database_url)
    said = await asyncio.gather(*(bring(database, path) for database in both))
    assert sorted(text.partition(":")[0] for text, _ in said) == ["imported", "nothing to do"]
    for database in both:
        await database.close()


async def test_ten_times_the_homes_are_no_more_statements(database: Database, tmp_path: Path) -> None:
    seen: list[int] = []
    for number, homes in enumerate((10, 100)):
        floor = range(homes)
        sheets: Sheets = {
            "communities": [("code", "name"), (f"C{number}", "很大")],
            "buildings": [("name",), ("1号楼",)],
            "homes": [("building", "name"), *(("1号楼", f"{number}-{door}") for door in floor)],
            "residents": [
                ("name", "phones", "homes", "role"),
                *((f"住户{door}", f"1390{number}{door:06d}", f"{number}-{door}", "业主") for door in floor),
            ],
        }
        path = written(tmp_path / "many.xlsx", sheets)
        with counting(database) as statements:
            await bring(database, path)
        seen.append(len(statements))
    assert seen[0] == seen[1] < 40


class counting:  # noqa: N801 reads as what it does
    """The statements that a database is sent."""

    def __init__(self, database: Database) -> None:
        self._engine, self.statements = database.engine.sync_engine, list[str]()

    def __enter__(self) -> list[str]:
        event.listen(self._engine, "before_cursor_execute", self._count)
        return self.statements

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._count)

    def _count(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.statements.append(statement)


# --- every bad cell is named


CELLS: Sequence[tuple[str, Cells, str, str]] = (
    ("communities", ("X-Y", "名", None, None), "communities!A2", "X-Y is not a code"),
    ("communities", ("NEW", None, None, None), "communities!B2", "is empty"),
    ("communities", ("XYH", "名", None, "8-20"), "communities!D2", "8 is not an hour"),
    ("communities", ("XYH", "名", None, "08:00"), "communities!D2", "from and to"),
    ("communities", ("XYH", "名", None, "08:00-12:00, 11:00-15:00"), "communities!D2", "overlap"),
    ("communities", ("XYH", "名", time(8), None), "communities!C2", "made 08:00:00 of it"),
    ("buildings", ("一" * 201,), "buildings!A2", "longer than 200"),
    ("homes", ("9号楼", "9-101"), "homes!A2", "no building 9号楼 in XYH"),
    ("homes", ("1号楼", datetime(2026, 3, 12, tzinfo=None)), "homes!B2", "made 2026-03-12 00:00:00 of it"),  # noqa: DTZ001
    ("homes", ("1号楼", None), "homes!B2", "is empty"),
    ("homes", ("1号楼", True), "homes!B2", "True is not a text"),
    ("homes", ("1号楼", 1e17), "homes!B2", "shortened"),
    ("residents", (None, "13900001005", "1-101", "owner", None, None), "residents!A2", "is empty"),
    ("residents", ("甲", "1390000", "1-101", "owner", None, None), "residents!B2", "1390000 is not a phone"),
    ("residents", ("甲", "1.39E+10", "1-101", "owner", None, None), "residents!B2", "shortened"),
    (
        "residents",
        ("甲", "13900001005", "9-909", "owner", None, None),
        "residents!C2",
        "no home 9-909 in XYH",
    ),
    (
        "residents",
        ("甲", "13900001005", "1-101", "king", None, None),
        "residents!D2",
        "king is not one of Owner",
    ),
    ("residents", ("甲", "13900001005", "1-101", "owner", "明天", None), "residents!E2", "明天 is not a day"),
    (
        "residents",
        ("甲", "13900001005", "1-101", "owner", 46357.0, None),
        "residents!E2",
        "46357 is not a day",
    ),
    ("residents", ("甲", "13900001005", "1-101", "owner", "2026-02-30", None), "residents!E2", "not a day"),
    ("residents", ("甲", "13900001005", "1-101", "owner", None, "tlh"), "residents!F2", "tlh is not one of"),
    ("staff", ("甲", None, "13900001005", "technician, clock"), "staff!D2", "clock is not one of"),
    ("staff", ("甲", None, None, "technician"), "staff!C2", "is empty"),
    ("shifts", ("13900002009", "guard", "2026-12-01 08:00", "20:00"), "shifts!A2", "13900002009"),
    ("shifts", ("刘芳", "guard", "2026-12-01 08:00", "20:00"), "shifts!B2", "does not have this role"),
    ("shifts", ("刘芳", "assistant", "2026-12-01", "20:00"), "shifts!C2", "not a day and an hour"),
    ("shifts", ("刘芳", "assistant", "2026-12-01 25:00", "20:00"), "shifts!C2", "25:00 is not an hour"),
    ("shifts", ("刘芳", "assistant", "2026-12-01 08:00", "2026-11-30 08:00"), "shifts!D2", "not after"),
    ("shifts", ("刘芳", "assistant", "2026-12-01 08:00", "2027-12-01 08:00"), "shifts!D2", "31 days"),
)


@pytest.mark.parametrize(
    ("title", "row", "where", "why"), CELLS, ids=[f"{where} {why}" for _, _, where, why in CELLS]
)
async def test_a_bad_cell_is_named(
    garden: Database, tmp_path: Path, title: str, row: Cells, where: str, why: str
) -> None:
    lines = await refused(garden, written(tmp_path / "bad.xlsx", with_rows(title, row)))
    assert len(lines) == 2, lines
    assert lines[0].startswith(f"{where}: ")
    assert why in lines[0]
    assert lines[1] == "nothing was imported: 1 fault"


async def test_all_bad_cells_are_named_at_once_in_the_language_asked_for(
    garden: Database, tmp_path: Path
) -> None:
    bad: Sheets = {
        "楼栋": [("楼栋名称",), ("3号楼",)],
        "房屋": [("楼栋", "房号"), ("3号楼", "3-101"), ("4号楼", "4-101")],
        "住户": [
            ("姓名", "电话", "房号", "身份"),
            ("甲", "不是", "3-101", "业主"),
            ("乙", "13900001005", "3-109", "王"),
        ],
    }
    lines = await refused(garden, written(tmp_path / "bad.xlsx", bad), locale="zh_CN")
    assert lines == [
        "住户!B2: 不是 不是电话号码",
        "住户!D3: 王 不在可选范围内：业主、租户、家人",
        "房屋!A3: XYH 没有楼栋 4号楼",
        "没有导入任何内容：共 3 处问题",
    ]


async def test_a_thousand_bad_cells_are_counted(garden: Database, tmp_path: Path) -> None:
    path = written(tmp_path / "bad.xlsx", with_rows("homes", *(("9号楼", f"9-{n}") for n in range(1000))))
    lines = await refused(garden, path)
    assert len(lines) == MOST_TOLD + 2
    assert lines[-2:] == ["… and 950 more", "nothing was imported: 1000 faults"]


async def test_one_who_could_be_two_is_asked_about(garden: Database, tmp_path: Path) -> None:
    async with garden.transaction() as session:
        session.add(Phone(resident_id=2, number="+8613900001001", rank=0))
    known = with_rows("residents", ("王秀英", "13900001001", "1-101", "family", None, None))
    assert (await bring(garden, written(tmp_path / "known.xlsx", known)))[0] == "imported: 1 phone changed"
    unknown = with_rows("residents", ("李四", "13900001001", "1-101", "tenant", None, None))
    lines = await refused(garden, written(tmp_path / "unknown.xlsx", unknown))
    assert lines[0].startswith("residents!B2: +8613900001001 could be of several residents")


async def test_two_rows_cannot_mean_one_phone_and_two_people(garden: Database, tmp_path: Path) -> None:
    rows = with_rows(
        "residents",
        ("甲", "13900001005", "2-101", "owner", None, None),
        ("乙", "13900001005", "2-101", "family", None, None),
        ("甲", "13900001006", "2-101", "owner", None, None),
    )
    lines = await refused(garden, written(tmp_path / "same.xlsx", rows))
    assert [line.partition(";")[0] for line in lines[:-1]] == [
        "residents!B3: could be the same person as residents!B2",
        "residents!B4: could be the same person as residents!B2",
    ]


async def test_one_thing_said_twice_in_two_ways(garden: Database, tmp_path: Path) -> None:
    rows: Sheets = {
        "homes": [("building", "name"), ("1号楼", "1-101"), ("2号楼", "1-101"), ("1号楼", "1-101")],
        "residents": [
            ("name", "phones", "homes", "role", "locale"),
            ("张伟", "13900001001", "1-101", "owner", "en"),
            ("张伟", "13900001001", "1-101", "tenant", "zh_CN"),
        ],
    }
    lines = await refused(garden, written(tmp_path / "twice.xlsx", rows))
    assert sorted(line.partition(" about")[0] for line in lines[:-1]) == [
        "homes!B3: says something else than homes!B2",
        "residents!A3: says something else than residents!A2",
        "residents!A3: says something else than residents!A2",
    ]


async def test_which_community_is_meant(garden: Database, tmp_path: Path) -> None:
    second: Sheets = {"communities": [("code", "name"), ("DYH", "东园")], "buildings": [("name",), ("甲座",)]}
    await bring(garden, written(tmp_path / "second.xlsx", second))
    async with garden.reading() as session:
        names = (await session.scalars(select(Building.name).filter_by(community_id=2))).all()
    assert names == ["甲座"], "a file's only community is the one that its rows mean"
    lines = await refused(garden, written(tmp_path / "which.xlsx", {"buildings": [("name",), ("乙座",)]}))
    assert lines[0] == "buildings!A2: is empty, but there is more than one community, or none: DYH, XYH"
    other: Sheets = {"buildings": [("community", "name"), ("ABC", "乙座")]}
    lines = await refused(garden, written(tmp_path / "which.xlsx", other))
    assert lines[0] == "buildings!A2: there is no community ABC; there are DYH, XYH"


async def test_an_hour_that_the_clocks_leave_out(garden: Database, tmp_path: Path) -> None:
    place: Sheets = {
        "communities": [("code", "name", "timezone"), ("BER", "Berlin", "Europe/Berlin")],
        "staff": [("name", "phone", "roles"), ("Ina", "+49 30 901820", "desk")],
        "shifts": [("staff", "role", "start", "end"), ("Ina", "desk", "2027-03-28 02:30", "12:00")],
    }
    lines = await refused(garden, written(tmp_path / "berlin.xlsx", place))
    assert lines[0] == "shifts!C2: the clocks of Europe/Berlin leave this hour out"


def test_every_fault_and_note_has_words() -> None:
    folder = "handlers/importing"
    said = raised("fault") | raised("Wrong") | raised("Unreadable")
    for locale in TEXTS.locales:
        keys = TEXTS.keys(locale)
        assert {f"importing.fault.{key}" for key in said} == {
            key for key in keys if key.startswith("importing.fault.")
        }, folder
        assert {f"importing.noted.{key}" for key in raised("note")} == {
            key for key in keys if key.startswith("importing.noted.")
        }


def test_every_word_of_a_sheet_means_one_thing() -> None:
    words = Vocabulary(TEXTS, "en")
    for concept, row in words.columns.items():
        for column in row:
            for locale in TEXTS.locales:
                also = TEXTS.words(f"importing.also.column.{concept}.{column.name}", locale)
                for header in (Vocabulary(TEXTS, locale).header(concept, column), column.name, *also):
                    assert words.column(concept, header) == column, header
            for choice, label in zip(column.choices, words.choices(column), strict=True):
                assert words.chosen(column, label) == ((choice,) if column.several else choice)
        for locale in TEXTS.locales:
            for title in (Vocabulary(TEXTS, locale).title(concept), concept.value):
                assert words.concept(title) is concept


def test_every_setting_of_a_community_has_a_column() -> None:
    """What the desk reads of a community's settings can be imported."""
    source = Path(policy.__code__.co_filename).read_text(encoding="utf-8")
    read = set(re.findall(r'settings\.get\("(\w+)"', source))
    named = {column.name for column in columns(TEXTS.locales)[Concept.COMMUNITIES]}
    assert len(read) > 5
    assert {"closed", "week", "terms"} <= read
    read -= {"closed", "week", "terms"}
    assert read <= set(places.SETTINGS) <= named
    assert {"saturday", "sunday"} <= named, "of the week"


def test_the_page_tells_every_column() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/import-a-community.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| (\w+) \| (.+?) \|", page, re.MULTILINE))
    for concept, row in columns(TEXTS.locales).items():
        names = [f"**{column.name}**" if column.required else column.name for column in row]
        assert told[concept.value] == ", ".join(names)


# --- the template


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
async def test_a_filled_in_template_comes_in(database: Database, tmp_path: Path, locale: str) -> None:
    words = Vocabulary(TEXTS, locale)
    book = openpyxl.load_workbook(BytesIO(template(words)))
    for concept in Concept:
        sheet = book[words.title(concept)]
        place = {column.name: number for number, column in enumerate(words.columns[concept], 1)}
        header, *rows = GARDEN[concept.value]
        for number, row in enumerate(rows, 2):
            for name, value in zip(header, row, strict=True):
                sheet.cell(number, place[str(name)]).value = value  # type: ignore[assignment]
    path = tmp_path / "filled.xlsx"
    book.save(path)
    said, _ = await bring(database, path)
    assert "2 residents new" in said
    assert "2 shifts new" in said
    said, _ = await bring(database, written(tmp_path / "garden.xlsx", GARDEN))
    assert said.startswith("nothing to do"), "the template's rows mean the same"


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_the_template_explains_itself(locale: str) -> None:
    words = Vocabulary(TEXTS, locale)
    book = openpyxl.load_workbook(BytesIO(template(words)))
    assert book.sheetnames == [words.title(concept) for concept in Concept]
    for concept in Concept:
        sheet = book[words.title(concept)]
        assert sheet.freeze_panes == "A2"
        listed = {str(one.sqref).split(":")[0]: one.formula1 for one in sheet.data_validations.dataValidation}
        for cell, column in zip(sheet[1], words.columns[concept], strict=True):
            assert cell.value == words.header(concept, column)
            assert cell.font.bold
            assert cell.comment is not None
            assert cell.comment.text.startswith(words.hint(concept, column))
            assert sheet.column_dimensions[cell.column_letter].width >= 10
            if "phone" in column.name or column.name in ("name", "homes", "code"):
                assert sheet.column_dimensions[cell.column_letter].number_format == "@"
            if column.choices and not column.several:
                offered = listed.pop(f"{cell.column_letter}2")
                assert offered == f'"{",".join(words.choices(column))}"'
                assert len(offered) <= 255, "the most that a spreadsheet program takes"
        assert not listed


# --- what spreadsheet programs do


async def test_numbers_titles_blank_rows_and_any_order(garden: Database, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "住户信息 (2)"
    sheet["A1"] = "西园花苑住户登记表"
    sheet["A1"].font = Font(size=20)
    sheet.merge_cells("A1:D1")
    for row in (
        ["身份 *", "联系电话", "住户姓名", "房间号"],
        [],
        ["业主", 13900004001.0, " 李　娜 ", "２－１０１"],
        [" ", None, "", None],
        ["家庭成员", "１３９００００４００２", "李\n明", "2 — 101"],
    ):
        sheet.append(row)
    path = tmp_path / "quirks.xlsx"
    book.save(path)
    assert (await bring(garden, path))[0] == "imported: 2 residents new"
    async with garden.reading() as session:
        names = (await session.scalars(select(Resident.name).order_by(Resident.id))).all()[2:]
        numbers = (await session.scalars(select(Phone.number).order_by(Phone.id))).all()[3:]
    assert names == ["李 娜", "李 明"]
    assert numbers == ["+8613900004001", "+8613900004002"]


async def test_leading_zeros_that_are_only_shown(garden: Database, tmp_path: Path) -> None:
    path = written(
        tmp_path / "zeros.xlsx", with_rows("homes", ("1号楼", 101), ("1号楼", "0102"), ("1号楼", 7))
    )
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["B2"].number_format = "0000"
    book.save(path)
    await bring(garden, path)
    async with garden.reading() as session:
        names = set((await session.scalars(select(Home.name))).all())
    assert {"0101", "0102", "7"} < names


async def test_real_days_and_hours(garden: Database, tmp_path: Path) -> None:
    eight = datetime(2026, 12, 5, 7, 59, 59, 999_000)  # noqa: DTZ001 as a spreadsheet keeps it
    rows: Sheets = {
        "residents": [
            GARDEN["residents"][0],
            ("甲", "13900004009", "2-101", "owner", date(2026, 12, 5), None),
        ],
        "shifts": [GARDEN["shifts"][0], ("刘芳", "assistant", eight, time(20))],
    }
    await bring(garden, written(tmp_path / "days.xlsx", rows))
    async with garden.reading() as session:
        since = await session.scalar(select(Membership.since).join(Resident).where(Resident.name == "甲"))
        shift = (await session.scalars(select(Shift).order_by(Shift.id.desc()))).first()
    assert since == datetime(2026, 12, 4, 16, tzinfo=UTC)
    assert shift is not None
    assert shift.starts_at == datetime(2026, 12, 5, 0, tzinfo=UTC)
    assert shift.ends_at == datetime(2026, 12, 5, 12, tzinfo=UTC)


async def test_merged_cells_have_one_value(garden: Database, tmp_path: Path) -> None:
    rows = with_rows(
        "homes", ("1号楼", "1-301"), (None, "1-302"), (None, None), ("2号楼", "2-301"), (None, "2-302")
    )
    path = written(tmp_path / "merged.xlsx", rows)
    book = openpyxl.load_workbook(path)
    book.worksheets[0].merge_cells("A2:A4")
    book.worksheets[0].merge_cells("A5:A6")
    book.save(path)
    assert (await bring(garden, path))[0] == "imported: 4 homes new"
    async with garden.reading() as session:
        found = select(Home.name, Building.name).join(Building).where(Home.name.like("%-30%"))
        assert dict((await session.execute(found)).all()) == {
            "1-301": "1号楼",
            "1-302": "1号楼",
            "2-301": "2号楼",
            "2-302": "2号楼",
        }


async def test_formulas_count_by_what_they_came_to(garden: Database, tmp_path: Path) -> None:
    path = written(tmp_path / "formula.xlsx", with_rows("homes", ("1号楼", '="1-"&501'), ("=A2", "1-502")))
    lines = await refused(garden, path)
    assert [line.partition(";")[0] for line in lines[:-1]] == [
        "homes!B2: is a formula without a stored value",
        "homes!A3: is a formula without a stored value",
    ]
    calculated = {
        '"1-"&amp;501</f><v />': '"1-"&amp;501</f><v>1-501</v>',
        "A2</f><v />": "A2</f><v>1号楼</v>",
    }
    rewrite(
        path,
        "xl/worksheets/sheet1.xml",
        {**calculated, '<c r="B2"': '<c t="str" r="B2"', '<c r="A3"': '<c t="str" r="A3"'},
    )
    assert (await bring(garden, path))[0] == "imported: 2 homes new"


def rewrite(path: Path, part: str, changes: Mapping[str, str], **more: str) -> None:
    """A workbook with something else in one of its parts."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts[part].decode()
    for old, new in changes.items():
        assert old in text, (old, text[:2000])
        text = text.replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**parts, part: text.encode()}.items():
            archive.writestr(name, data)
        for name, told in more.items():
            archive.writestr(name, told)


async def test_errors_of_the_program_are_no_text(garden: Database, tmp_path: Path) -> None:
    lines = await refused(garden, written(tmp_path / "error.xlsx", with_rows("homes", ("#N/A", "1-601"))))
    assert lines[0] == "homes!A2: holds an error of the spreadsheet program"


async def test_hidden_sheets_are_left_and_said(garden: Database, tmp_path: Path) -> None:
    path = written(
        tmp_path / "hidden.xlsx",
        {
            **with_rows("homes", ("1号楼", "1-701")),
            "buildings": [("name",), ("9号楼",)],
            "lists": [("a", "b")],
        },
    )
    book = openpyxl.load_workbook(path)
    book["buildings"].sheet_state = "hidden"
    book["lists"].sheet_state = "veryHidden"
    book.save(path)
    said, remarks = await bring(garden, path)
    assert said == "imported: 1 home new"
    assert remarks == [f"{name}: is a hidden sheet and was not read" for name in ("buildings", "lists")]


async def test_sheets_and_columns_that_nobody_knows_are_named(garden: Database, tmp_path: Path) -> None:
    sheets: Sheets = {
        "homes": [("building", "name", "colour", "name", None), ("1号楼", "1-801", "red", "x", "who?")],
        "parking": [("place",), ("P1",)],
        "Sheet3": [],
        "residents": [("name", "phone"), ("甲", "13900001005")],
    }
    lines = await refused(garden, written(tmp_path / "strange.xlsx", sheets))
    assert [line.partition(" the columns")[0].partition(" the sheets")[0] for line in lines] == [
        "parking: is none of",
        "homes!C1: colour is none of",
        "homes!D1: name is there twice",
        "homes!E2: stands in a column without a title",
        "residents!1: the column Homes is missing",
        "residents!1: the column Role is missing",
        "nothing was imported: 6 faults",
    ]


# --- CSV


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_a_folder_of_csv_files(database: Database, tmp_path: Path, encoding: str) -> None:
    said, remarks = await bring(database, csvs(tmp_path / "garden", GARDEN, encoding))
    assert "2 residents new, 2 members of staff new, 2 shifts new" in said
    noted = encoding == "gb18030"
    assert len(remarks) == 6 * noted
    assert not noted or remarks[0] == "buildings.csv: is not in UTF-8 and was read as GB18030"
    again = written(tmp_path / "garden.xlsx", GARDEN)
    assert (await bring(database, again))[0].startswith("nothing to do"), "the same, whatever it is kept in"


async def test_an_archive_with_names_as_windows_writes_them(database: Database, tmp_path: Path) -> None:
    chinese = {"项目": "communities", "楼栋": "buildings", "房屋": "homes"}
    path = tmp_path / "garden.zip"
    with zipfile.ZipFile(path, "w") as archive:
        folder = csvs(tmp_path / "garden", GARDEN)
        for name, concept in chinese.items():
            legacy = name.encode("gb18030").decode("cp437")
            archive.writestr(f"west/{legacy}.csv", (folder / f"{concept}.csv").read_bytes())
        archive.writestr("__MACOSX/west/._x.csv", b"\0\1\2")
        archive.writestr("west/read me.md", "...")
    path.write_bytes(as_windows(path.read_bytes()))
    assert all(name.encode("gb18030") in path.read_bytes() for name in chinese)
    assert (await bring(database, path))[0] == "imported: 1 community new, 2 buildings new, 3 homes new"


def as_windows(data: bytes) -> bytes:
    """The archive with its names in GB18030 and without the mark that they are UTF-8."""
    source = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(source, "w") as new:
        for part in old.infolist():
            info = _Legacy(part.filename)
            new.writestr(info, old.read(part))
    return source.getvalue()


class _Legacy(zipfile.ZipInfo):
    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 the library's own name
        return self.filename.encode("cp437"), self.flag_bits


async def test_one_csv_file_says_what_it_holds(garden: Database, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(b'building;name\r\n"1\xe5\x8f\xb7\xe6\xa5\xbc";="0901"\r\n;\r\n')
    assert await refused(garden, path) == [
        "export.csv: by its name is none of Communities, Buildings, Homes, Residents, Staff, Shifts; "
        "rename it, or say --sheet",
        "nothing was imported: 1 fault",
    ]
    assert (await bring(garden, path, sheet="房屋"))[0] == "imported: 1 home new"
    assert await refused(garden, path, sheet="cats") == [
        "export.csv: there is no sheet cats; "
        "there are Communities, Buildings, Homes, Residents, Staff, Shifts"
    ]
    async with garden.reading() as session:
        assert await session.scalar(select(Home.id).filter_by(name="0901")) is not None


async def test_only_one_sheet_of_a_workbook(database: Database, tmp_path: Path) -> None:
    path = written(tmp_path / "garden.xlsx", GARDEN)
    assert (await bring(database, path, sheet="communities"))[0] == "imported: 1 community new"
    assert (await bring(database, csvs(tmp_path / "garden", GARDEN), sheet="buildings"))[0] == (
        "imported: 2 buildings new"
    )


# --- hostile files


def _text_called_workbook(path: Path) -> None:
    path.write_text("name,phone\n")


def _old_workbook(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b" " * (opening.MOST_UNPACKED + 1))


def _many_files(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(opening.MOST_FILES + 1):
            archive.writestr(f"homes {number}.csv", "")


def _entities(path: Path) -> None:
    written(path, GARDEN)
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    rewrite(path, "xl/workbook.xml", {"<workbook ": f"<!DOCTYPE lolz [{laughs}]><workbook "})


def _outside(path: Path) -> None:
    written(path, GARDEN)
    entity = '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><worksheet '
    rewrite(path, "xl/worksheets/sheet1.xml", {"<worksheet ": entity, "XYH": "&x;"})


def _half(path: Path) -> None:
    data = written(path, GARDEN).read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _hollow(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")


def _too_wide(path: Path) -> None:
    written(path, {"homes": [["building", "name", *(f"x{n}" for n in range(workbook.MOST_COLUMNS))]]})


def _nothing_inside(path: Path) -> None:
    path.mkdir()


def _binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 4)


def _utf_16(path: Path) -> None:
    path.write_text("building,name\n", encoding="utf-16")


def _unclosed(path: Path) -> None:
    path.write_text('building,name\n"1,2')


def _empty(path: Path) -> None:
    path.write_bytes(b"")


HOSTILE: Mapping[str, tuple[str, Callable[[Path], None], str]] = {
    "text": ("text.xlsx", _text_called_workbook, "not a workbook"),
    "old": ("old.xls", _old_workbook, "save it as .xlsx"),
    "bomb": ("bomb.xlsx", _bomb, "more than 100 MB when unpacked"),
    "files": ("files.zip", _many_files, "more than 1000 files"),
    "entities": ("laughs.xlsx", _entities, "not a workbook"),
    "outside": ("outside.xlsx", _outside, "not a workbook"),
    "half": ("half.xlsx", _half, "not a workbook"),
    "hollow": ("hollow.xlsx", _hollow, "not a workbook"),
    "wide": ("wide.xlsx", _too_wide, "more than 40 columns"),
    "folder": ("folder", _nothing_inside, "no CSV files"),
    "binary": ("binary.bin", _binary, "no workbook, CSV file"),
    "binary csv": ("homes.csv", _binary, "neither in UTF-8 nor in GB18030"),
    "utf-16": ("homes.csv", _utf_16, "neither in UTF-8 nor in GB18030"),
    "quotes": ("homes.csv", _unclosed, "not a CSV file"),
    "empty": ("empty.xlsx", _empty, "not a workbook"),
    "empty csv": ("homes.csv", _empty, "no rows"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_one_clear_line(case: str, tmp_path: Path) -> None:
    name, make, why = HOSTILE[case]
    path = tmp_path / name
    make(path)
    with pytest.raises(Faulty) as refusal:
        Import(path, TEXTS, "en").read()
    assert len(refusal.value.lines) == 1, refusal.value.lines
    assert refusal.value.lines[0].startswith(f"{name}: ")
    assert why in refusal.value.lines[0]


def test_a_sheet_has_so_many_rows_and_a_file_so_many_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "garden.xlsx", GARDEN)
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    with pytest.raises(Faulty, match="homes has more than 3 rows"):
        Import(path, TEXTS, "en").read()
    monkeypatch.setattr(opening, "MOST_BYTES", 1024 * 1024)
    path.write_bytes(bytes(1024 * 1024 + 1))
    with pytest.raises(Faulty, match="larger than 1 MB"):
        Import(path, TEXTS, "en").read()


async def test_rows_far_below_and_merges_without_end_take_no_time(garden: Database, tmp_path: Path) -> None:
    path = written(tmp_path / "far.xlsx", with_rows("homes", ("1号楼", "1-901")))
    far = '<row r="99999999"><c r="A99999999" t="n"><v>1</v></c></row></sheetData>'
    merges = '<mergeCells count="1"><mergeCell ref="A3:XFD1048576"/></mergeCells>'
    rewrite(path, "xl/worksheets/sheet1.xml", {"</sheetData>": far + merges})
    assert (await bring(garden, path))[0] == "imported: 1 home new"


async def test_a_dimension_that_lies_hides_nothing(garden: Database, tmp_path: Path) -> None:
    path = written(tmp_path / "small.xlsx", with_rows("homes", ("1号楼", "1-902")))
    rewrite(path, "xl/worksheets/sheet1.xml", {'ref="A1:B2"': 'ref="A1"'})
    assert (await bring(garden, path))[0] == "imported: 1 home new"


async def test_macros_and_links_are_not_looked_at(garden: Database, tmp_path: Path) -> None:
    path = written(tmp_path / "macro.xlsx", with_rows("homes", ("1号楼", "1-903")))
    more = {"xl/vbaProject.bin": "Sub Auto_Open()", "xl/externalLinks/externalLink1.xml": "<broken"}
    rewrite(path, "xl/worksheets/sheet1.xml", {}, **more)
    assert (await bring(garden, path.rename(tmp_path / "macro.xlsm")))[0] == "imported: 1 home new"


async def test_nothing_of_a_file_can_move_a_terminal(garden: Database, tmp_path: Path) -> None:
    path = tmp_path / "homes.csv"
    path.write_text("building,name\n\x1b[2J\u202e9号楼,1-1\n", encoding="utf-8")
    for line in await refused(garden, path):
        assert line.isprintable(), repr(line)


# --- single cells, whatever is in them


ANYTHING: st.SearchStrategy[Raw] = st.one_of(
    st.none(),
    st.text(max_size=40),
    st.text(st.sampled_from("0123456789-:. ,，年月日/E+至~"), max_size=24),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.sampled_from(Odd),
)


def reason(read: Callable[[], object]) -> str:
    """Why something cannot be read; "empty" when it can."""
    try:
        read()
    except Wrong as wrong:
        return wrong.key
    return "empty"


READERS = sorted({column.read for row in columns(TEXTS.locales).values() for column in row}, key=str)


@given(raw=ANYTHING, reader=st.sampled_from(READERS))
def test_any_cell_is_read_or_wrong_for_a_reason(raw: Raw, reader: cells.Reader) -> None:
    assert TEXTS.has(f"importing.fault.{reason(lambda: reader(raw))}", "en")


@given(text=st.text(max_size=60))
def test_words_survive_being_read_twice(text: str) -> None:
    for read in (cells.text, cells.door):
        try:
            once = read(text)
        except Wrong:
            continue
        if not once.startswith("="):
            assert read(once) == once
            assert once == once.strip()
            assert "\0" not in once


@given(number=st.integers(min_value=13_000_000_000, max_value=19_999_999_999))
def test_a_phone_is_the_same_however_a_sheet_keeps_it(number: int) -> None:
    written_so = (number, float(number), str(number), f" +86 {number}", f'="{number}"', f"'{number}")
    wide = str(number).translate({ord("0") + n: 0xFF10 + n for n in range(10)})
    heard = set()
    for raw in (*written_so, wide):
        try:
            heard.add(cells.phone(raw))
        except Wrong as wrong:
            heard.add(wrong.key)
    assert heard in ({f"+86{number}"}, {"phone"})


DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31))


@given(day=DAYS, form=st.sampled_from(("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d")))
def test_a_day_is_the_same_however_it_is_written(day: date, form: str) -> None:
    said = f"{day:{form}}" if day.year >= 1000 else ""
    assert moments.day(said) == moments.day(day) == moments.day(datetime.combine(day, time(9))) == day


@given(
    at=st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 12, 31)),  # noqa: DTZ001
    off=st.integers(min_value=-500, max_value=500),
)
def test_an_hour_is_the_same_however_it_is_kept(at: datetime, off: int) -> None:
    minute = at.replace(second=0, microsecond=0)
    nearly = minute + timedelta(milliseconds=off)
    if nearly.year >= 1900:
        assert moments.moment(nearly) == minute
    assert moments.moment(f"{minute:%Y-%m-%d %H:%M}") == minute
    assert moments.moment(f"{minute:%Y/%m/%d  %H：%M}") == minute
    assert moments.ending(f"{minute:%H:%M}") == minute.time()


@given(hours=st.lists(st.integers(0, 24 * 60 - 1), min_size=2, max_size=8, unique=True).map(sorted))
def test_hours_that_do_not_overlap_make_a_calendar(hours: list[int]) -> None:
    ends = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in hours[: len(hours) // 2 * 2]]
    spans = [[opens, closes] for opens, closes in list(pairwise(ends))[::2]]
    assert moments.frames("，".join("～".join(span) for span in spans)) == spans
    assert len(policy({"hours": spans}, "Asia/Shanghai").calendar.frames) == len(spans)


def test_promises_are_of_services_and_clocks_that_there_are() -> None:
    assert promises("repair.respond = 15；repair.urgent.resolve=240") == {
        "repair": {"respond": 15},
        "repair.urgent": {"resolve": 240},
    }
    for bad in ("repair=15", "repair.dance=15", "cooking.respond=15", "repair.respond=0", "repair.respond"):
        with pytest.raises(Wrong):
            promises(bad)


ROWS = st.lists(st.lists(ANYTHING.filter(lambda raw: not isinstance(raw, Odd)), max_size=8), max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, concept=st.sampled_from(Concept))
def test_any_workbook_is_read_or_refused(tmp_path: Path, rows: list[list[Raw]], concept: Concept) -> None:
    header = [column.name for column in columns(TEXTS.locales)[concept]]
    try:
        path = written(tmp_path / "any.xlsx", {concept.value: [header, *rows]})
    except (ValueError, OverflowError, IllegalCharacterError):
        return
    importing = Import(path, TEXTS, "en")
    with suppress(Faulty):
        importing.read()
    for line in importing.findings.complaints(TEXTS, "zh_CN"):
        assert line.isprintable()


# --- the command line


Says: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Says:
    """The command in a folder of its own: status, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WUBU_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/wubu.db")

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["main.py", "import", *words])
        return (main.main(), *capfd.readouterr())

    return call


def test_the_command_imports_and_says_so(says: Says, tmp_path: Path) -> None:
    written(tmp_path / "garden.xlsx", GARDEN)
    status, out, err = says("garden.xlsx", "--dry-run")
    assert (status, err) == (0, "")
    assert out.startswith("would be imported: 1 community new, ")
    assert out.endswith("; nothing was written\n")
    assert says("garden.xlsx")[1].startswith("imported: 1 community new, ")
    assert says("garden.xlsx", "--language", "zh_CN") == (0, "无需改动：garden.xlsx 里的内容都已经有了\n", "")


def test_the_command_names_every_bad_row(says: Says, tmp_path: Path) -> None:
    written(tmp_path / "bad.xlsx", {**GARDEN, **with_rows("homes", ("7号楼", "7-1"), ("8号楼", "8-1"))})
    status, out, err = says("bad.xlsx")
    assert (status, out) == (1, "")
    assert err.splitlines() == [
        "wubu: homes!A2: there is no building 7号楼 in XYH",
        "wubu: homes!A3: there is no building 8号楼 in XYH",
        "wubu: residents!C2: there is no home 1-101 in XYH",
        "wubu: residents!C2: there is no home 1-102 in XYH",
        "wubu: residents!C3: there is no home 1-101 in XYH",
        "wubu: nothing was imported: 5 faults",
    ]


def test_the_command_notes_what_it_did_not_expect(says: Says, tmp_path: Path) -> None:
    csvs(tmp_path / "garden", {"communities": GARDEN["communities"]}, "gb18030")
    status, out, err = says("garden")
    assert (status, out) == (0, "imported: 1 community new\n")
    assert err == "wubu: communities.csv: is not in UTF-8 and was read as GB18030\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "--template"),
        (("garden.xlsx", "--template", "new.xlsx"), "--template"),
        (("nothing.xlsx",), "nothing.xlsx: No such file"),
        (("text.xlsx",), "text.xlsx: is not a workbook"),
        ((".",), "no CSV files"),
        (("text.xlsx", "--language", "tlh"), "no language 'tlh'"),
        (("--template", "text.xlsx"), "text.xlsx is there already"),
        (("--template", "text.csv"), ".xlsx"),
        (("--template", "no/where.xlsx"), "no/where.xlsx: No such file"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(
    says: Says, tmp_path: Path, words: Sequence[str], why: str
) -> None:
    (tmp_path / "text.xlsx").write_text("no workbook")
    status, out, err = says(*words)
    assert (status, out) == (1, "")
    assert err.startswith("wubu: ")
    assert err.count("\n") == 1
    assert why in err
    assert (tmp_path / "text.xlsx").read_text() == "no workbook"
    assert not (tmp_path / "wubu.db").exists(), "what cannot be read does not touch the database"


def test_the_program_writes_a_template_and_reads_it(tmp_path: Path) -> None:
    program = Program(tmp_path)
    answer = program("import", "--template", "new.xlsx", "--language", "zh_CN")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    answer = program("import", "new.xlsx")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "wubu: new.xlsx: has no rows to import\n"


def test_the_program_imports_into_postgresql(postgres_url: str, tmp_path: Path) -> None:
    program = Program(tmp_path, postgres_url)
    written(tmp_path / "garden.xlsx", GARDEN)
    for expected in ("would be imported: ", "imported: ", "nothing to do: "):
        answer = program("import", "garden.xlsx", *(["--dry-run"] if expected.startswith("would") else []))
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.startswith(expected)


# --- what single services ask for

TERMS = {
    "renovation_hours": "08:30-12:00, 14:00-17:30",
    "renovation_use_days": 60,
    "renovation_deposit": "2,000",
    "renovation_rules": "2027-01",
    "renovation_rules_link": "https://example.com/rules",
    "renovation_clearing": "物业统一清运，每平米 5 元",
    "release_hours": "07:00-24:00",
    "release_approval": "是",
    "release_arrears": "no",
    "refund_days": "15",
}


async def test_what_services_ask_for_is_imported_and_kept_one_by_one(
    garden: Database, tmp_path: Path
) -> None:
    path = written(tmp_path / "terms.xlsx", {"communities": [("code", *TERMS), ("XYH", *TERMS.values())]})
    assert (await bring(garden, path))[0] == "imported: 1 community changed"
    assert (await bring(garden, path))[0].startswith("nothing to do")
    more: Sheets = {"communities": [("code", "装修押金", "退押金等待天数"), ("XYH", 1500.5, None)]}
    await bring(garden, written(tmp_path / "more.xlsx", more))
    async with garden.reading() as session:
        place = (await session.scalars(select(Community))).one()
    assert policy(place.settings, place.timezone).terms == {
        "renovation": {
            "hours": [["08:30", "12:00"], ["14:00", "17:30"]],
            "use_days": 60,
            "deposit": 150_050,
            "rules": "2027-01",
            "rules_link": "https://example.com/rules",
            "clearing": "物业统一清运，每平米 5 元",
        },
        "release": {"hours": ["07:00", "00:00"], "approval": True, "arrears": False},
        "refund": {"days": 15},
    }


async def test_every_bad_term_is_named(garden: Database, tmp_path: Path) -> None:
    bad = ("14:00", "soon", "-5", "", "example", "", "22:00-07:00", "perhaps", "", 4000)
    path = written(tmp_path / "bad.xlsx", {"communities": [("code", *TERMS), ("XYH", *bad)]})
    assert await refused(garden, path) == [
        "communities!B2: 14:00 is not a time of day from and to; such as 08:00-20:00",
        "communities!C2: soon is not a whole number from 0 to 3650",
        "communities!D2: -5 is not an amount of yuan; such as 2000",
        "communities!F2: example is not the address of a page; such as https://example.com/rules",
        "communities!H2: 22:00-07:00 is not a time of day from and to; such as 08:00-20:00",
        "communities!I2: perhaps is not one of Yes, No",
        "communities!K2: 4000 is not a whole number from 0 to 3650",
        "nothing was imported: 7 faults",
    ]
