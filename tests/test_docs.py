"""The documents tell the truth: links lead somewhere, names exist, and what they ask to be done works."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from bot.app import House
from bot.figures import exposition
from bot.settings import Settings
from bot.wechat import templates
from bot.wechat.filling import FILLERS, filled, kind
from bot.wechat.templates import Forms
from flows import catalogue
from flows.engine.lifecycle import Audience
from handlers import office
from handlers.backlog import SHOWN_STATES, Backlog
from handlers.desk import rules, utcnow
from handlers.envelopes import Outgoing
from handlers.people.census import Census
from models import Community, Home, Outbox, Shift
from models.database import Database
from tests import service_tables
from tests.emulators.wechat_templates import RULES
from tests.reading import ROOT, Terminal, blocks, copy

DOCS = ROOT / "docs"
HOW_TO = DOCS / "how-to"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
PROGRAM = ("main.py", "bot", "handlers", "flows", "models")
ELSEWHERE = {"WUBU_REQUIRE_BROWSER"}
"""Variables of the tests, which are no settings."""

EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def code() -> str:
    """All of the program's own Python."""
    files = [ROOT / "main.py", *(file for part in PROGRAM for file in (ROOT / part).rglob("*.py"))]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def prose(page: Path) -> str:
    """A page without its blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What a link into a page can name."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


# --- links and names


@EVERY_PAGE
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for link in re.findall(r"\]\((?!https?://)([^)\s]+)\)", prose(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


@EVERY_PAGE
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = re.findall(
        r"`((?:bot|handlers|flows|models|tests|docs|web|locales|migrations|\.ci)/[\w./-]+)`", prose(page)
    )
    made_up = {"flows/idea.py", "locales/en/idea.yaml", "locales/zh_CN/idea.yaml"}
    made_up |= {"tests/transcripts/en/idea.txt", "tests/transcripts/zh_CN/idea.txt"}
    assert [name for name in named if name not in made_up and not (ROOT / name).exists()] == []


@EVERY_PAGE
def test_every_setting_that_is_named_is_one(page: Path) -> None:
    named = set(re.findall(r"WUBU_[A-Z_]+[A-Z]", page.read_text(encoding="utf-8")))
    assert named - ELSEWHERE <= {f"WUBU_{name.upper()}" for name in Settings.model_fields}


def test_every_name_of_the_glossary_is_in_the_code() -> None:
    lines = (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()
    last = [line.split("|")[-2] for line in lines if line.startswith("|")]
    named = {name for cell in last for name in re.findall(r"`([A-Za-z_.]+)`", cell)}
    words = set(re.findall(r"\w+", code()))
    assert len(named) > 50
    assert (
        sorted(name for name in named if not (ROOT / name).exists() and not {*name.split(".")} <= words) == []
    )


def test_every_decision_is_in_the_list_and_complete() -> None:
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    listed = re.findall(
        r"^(\d+)\. \[(.+)\]\((.+)\)$", (DOCS / "decisions/README.md").read_text("utf-8"), re.MULTILINE
    )
    assert [name for _, _, name in listed] == [page.name for page in pages]
    for (number, title, _), page in zip(listed, pages, strict=True):
        written = page.read_text(encoding="utf-8")
        assert written.startswith(f"# {number}. {title}\n")
        assert page.name.startswith(f"{int(number):04d}-")
        assert re.findall(r"^## (.+)$", written, re.MULTILINE) == [
            "The question",
            "Decided",
            "Rejected",
            "What it costs",
        ]


# --- pages that repeat what the program knows


def test_the_page_of_services_is_up_to_date() -> None:
    written = service_tables.PAGE.read_text(encoding="utf-8")
    assert written == service_tables.page(), "run: .venv/bin/python -m tests.service_tables"


def test_the_page_of_services_draws_every_move() -> None:
    written = service_tables.page()
    assert "arrived --> done : finish" in written
    assert "[*] --> new" in written
    assert "| `hazard` | yes or no | can be dangerous |" in written


def rows(page: Path) -> Iterator[tuple[str, ...]]:
    """The rows of a page's tables, their first cells without backticks."""
    for row in re.findall(r"^\| `.*\|$", page.read_text(encoding="utf-8"), re.MULTILINE):
        yield tuple(cell.strip() for cell in row.strip("|").split(" | "))


def names_in(page: Path) -> set[str]:
    return {name for first, *_ in rows(page) for name in re.findall(r"`([^`]+)`", first)}


def test_monitoring_tells_every_figure() -> None:
    backlog = Backlog(
        inbox_lag=0, outbox_lag=0, budget_lag=0, due_lag=0, outbox={}, dead_letters=0, heartbeat=0
    )
    types = re.findall(r"^# TYPE (\w+) (\w+)$", exposition(backlog, Census(2, 1, 1)).decode(), re.MULTILINE)
    metrics = {name: kind for name, kind in types if not name.endswith("_created")}
    told = {
        first.strip("`"): rest[0]
        for first, *rest in rows(HOW_TO / "monitoring.md")
        if first.startswith("`wubu_")
    }
    assert told == metrics
    assert {*backlog.as_dict(), *SHOWN_STATES} <= names_in(HOW_TO / "monitoring.md")


def test_monitoring_names_only_events_there_are() -> None:
    logged = set(re.findall(r'log\.\w+\(\s*"(\w+)"', code()))
    lags = {"inbox_lag", "outbox_lag", "budget_lag", "due_lag", "heartbeat"}
    known = {*SHOWN_STATES, *lags, "outbox", "dead_letters"}
    told = {name for name in names_in(HOW_TO / "monitoring.md") if not name.startswith("wubu_")} - known
    assert told <= logged
    assert len(told) > 8


async def test_every_address_is_told(tmp_path: Path) -> None:
    """Every vendor is switched on, so that every address is there."""
    keys = {"token": "aToken", "aes_key": "a" * 43, "secret": "s"}
    wechat = {f"wechat_{name}": value for name, value in ({"appid": "wx1"} | keys).items()}
    wecom = {f"wecom_{name}": value for name, value in ({"corpid": "ww1", "agentid": "7"} | keys).items()}
    settings = {"telegram_token": "42:abc", "var": tmp_path, "media_url": f"file://{tmp_path}"}
    settings |= {"database_url": f"sqlite+aiosqlite:///{tmp_path}/wubu.db", "public_url": "https://x.example"}
    house = House(Settings(**settings, **wechat, **wecom))  # type: ignore[arg-type]
    front = house.app()
    there = {*front._webhooks, *(route.path for route in _routes(front._app))}  # type: ignore[attr-defined]
    for door in house.doors:
        await door.close()
    await house.database.close()
    assert names_in(DOCS / "addresses.md") == there
    assert len(there) > 20


def _routes(app: Any) -> Iterator[Any]:
    """Those of the routers inside, too."""
    for route in app.routes:
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        yield from _routes(inner) if inner is not None else (route,)


TEMPLATES = HOW_TO / "choose-wechat-templates.md"


def test_every_notice_that_a_template_can_be_for_is_told() -> None:
    """What the tables tell residents, and what the clock does."""
    table = catalogue.lifecycles()["repair"]
    moves = [one for one in table.actions if Audience.RESIDENT in one.tells and "rating" not in one.starts]
    said = set(re.findall(r'f"\{[^"]+?\}\.(rate_ask|rate_reminder|closed_unrated)"', code()))
    assert said == {"rate_ask", "rate_reminder", "closed_unrated"}
    wanted = {f"repair.{name}" for name in said} | {f"repair.told.{one.name}" for one in moves}
    reminders = [one for one in table.timers if Audience.RESIDENT in one.tells]
    wanted |= {f"repair.timer.{one.name}.resident" for one in reminders}
    assert {name for name in names_in(TEMPLATES) if name.startswith("repair.")} == wanted


def test_every_field_of_a_template_is_told_with_its_limit() -> None:
    told = {first: rest[-1] for first, *rest in rows(TEMPLATES) if first.strip("`").split("`")[0] in FILLERS}
    kinds = {name for first in told for name in re.findall(r"`(\w+)`", first)}
    assert kinds == set(FILLERS)
    for first, most in told.items():
        name = first.strip("`")
        long = max((filled(f"{name}1", sign * 99, utcnow()) for sign in "很1a!" if most), key=len, default="")
        assert len(long) == int(most or 0), name


def test_everything_that_a_field_can_say_is_told() -> None:
    assert {name[1:-1] for name in names_in(TEMPLATES) if name.startswith("{")} == set(templates.FACTS)


def test_the_templates_of_the_page_can_be_used(tmp_path: Path) -> None:
    """Every notice of the page becomes a form that WeChat takes."""
    (block,) = (block.text for block in blocks(TEMPLATES) if block.language == "yaml")
    file = tmp_path / "templates.yaml"
    file.write_text(block, encoding="utf-8")
    forms = Forms(templates.load(file))
    facts = {
        "number": "HPY-2611-00042",
        "kind": "报修",
        "state": "已接单",
        "staff": "王建国",
        "home": "3-****",
    }
    facts |= {"at": "2026-11-24 14:05", "text": "王建国已经接单，出发的时候会再告诉您，请保持电话畅通。"}
    notices = [name for name in names_in(TEMPLATES) if name.startswith("repair.")]
    for notice in notices:
        form = forms.form(Outgoing(facts["text"], notice=notice, facts=facts))
        assert form is not None
        data = form.fields["data"]
        assert all(RULES[kind(field) or ""](one["value"]) for field, one in data.items()), data
    assert len({*forms.ids}) == 2
    assert len(notices) > 8


# --- what the how-to pages ask to be done


@pytest.fixture
async def terminal(tmp_path: Path) -> Terminal:
    return Terminal(copy(tmp_path))


def sql(page: str) -> list[str]:
    return [block.text for block in blocks(HOW_TO / page) if block.language == "sql"]


async def _execute(database: Database, script: str) -> None:
    """Each statement of a script, as it stands in the page."""
    async with database.transaction() as session:
        connection = await session.connection()
        for statement in filter(None, (one.strip() for one in script.split(";\n"))):
            await connection.exec_driver_sql(statement.rstrip(";"))


async def test_a_community_is_set_up_as_the_page_says(database: Database) -> None:
    community, settings, roster = sql("set-up-a-community.md")
    await _execute(database, community)
    async with database.transaction() as session:
        place = (await session.scalars(select(Community).filter_by(code="XYH"))).one()
        assert rules(place).hotline == "021-5555 0100"
        respond = catalogue.lifecycles()["repair"].clock("respond")
        assert respond is not None
        assert rules(place).promise("repair", respond, urgent=False).total_seconds() == 30 * 60
        assert (await session.scalars(select(Home.name).order_by(Home.name))).all() == [
            "1-101",
            "1-102",
            "1-201",
            "1-202",
        ]
        assert await office.home_code(session, utcnow(), community="XYH", home="1-202", role="owner")
        await office.add_staff(session, utcnow(), name="Zheng Wei", community="XYH", roles=["duty_lead"])
    await _execute(database, settings)
    await _execute(database, roster)
    async with database.reading() as session:
        assert (
            await session.scalars(select(Shift.starts_at))
        ).one().isoformat() == "2026-12-01T00:00:00+00:00"
        place = (await session.scalars(select(Community))).one()
        assert (rules(place).hotline, place.settings["staff_locale"]) == ("021-5555 0199", "en")


def test_every_setting_of_a_community_is_told() -> None:
    read = set(re.findall(r'(?<!person\.)(?<!resident\.)settings\.get\(\s*"(\w+)"', code()))
    assert names_in(HOW_TO / "set-up-a-community.md") == read
    assert len(read) > 7


async def test_a_backup_is_taken_and_put_back(terminal: Terminal) -> None:
    """The page's own commands, on a database with something in it."""
    await terminal.type(
        "WUBU_DEMO=1 .venv/bin/python main.py db upgrade && mkdir -p var/media/aa && touch var/media/aa/photo"
    )
    await terminal.type("echo secret > var/secret_key")
    take, put_back = (
        block.text for block in blocks(HOW_TO / "backup-and-restore.md") if block.language == "bash"
    )
    await terminal.type(take)
    await terminal.type("rm -r var")
    await terminal.type(put_back)
    kept = terminal.place / "var"
    assert (kept / "media/aa/photo").exists()
    assert (kept / "secret_key").read_text() == "secret\n"
    with closing(sqlite3.connect(kept / "wubu.db")) as restored:
        assert restored.execute("SELECT count(*) FROM home").fetchone() == (60,)


async def test_a_restored_database_does_not_send_yesterdays_messages(database: Database) -> None:
    (aside,) = sql("backup-and-restore.md")
    async with database.transaction() as session:
        for state in ("pending", "sending", "held", "sent", "failed"):
            waits = Outbox(channel="web", bot="web", chat="a@b", kind="message", state=state)
            waits.not_before = waits.created_at = utcnow()
            session.add(waits)
    await _execute(database, aside)
    async with database.reading() as session:
        states = (await session.execute(text("SELECT state FROM outbox ORDER BY id"))).scalars().all()
    assert states == ["expired", "expired", "expired", "sent", "failed"]


async def test_a_service_is_added_as_the_page_says(tmp_path: Path) -> None:
    """The files of the page are written, its commands typed: the example is played, and has all its texts."""
    place = copy(tmp_path)
    page = (HOW_TO / "add-a-service.md").read_text(encoding="utf-8")
    files = re.findall(r"`([\w/.]+/idea\.\w+)`\n\n```\w+\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(files) == 5
    for path, content in files:
        (place / path).write_text(content, encoding="utf-8")
    terminal = Terminal(place, PYTEST_ADDOPTS="-p no:xdist -k 'idea or owe or every_key or imports'")
    said = [
        await terminal.type(block.text)
        for block in blocks(HOW_TO / "add-a-service.md")
        if block.language == "bash"
    ]
    assert len(said) == 2
    assert all("failed" not in one for one in said)
    story = (place / "tests/transcripts/en/idea.txt").read_text(encoding="utf-8")
    assert "About your idea: Two benches will come in spring, thank you!" in story
    assert "王师傅! That one isn't yours to do." in story
    assert "## Idea · 建议" in (place / "docs/services.md").read_text(encoding="utf-8")
