"""A team that has only the app: one card for all of them, which all of them see change in place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.channel import Gone, SendError, Temporary, Throttled, Unacceptable
from handlers import office
from handlers.envelopes import Outgoing
from handlers.staffpages import links
from models import Account, Group, TicketEvent
from models.database import Database
from tests.bot.wecom.company import PAGE, TEXT, TITLE, ticket
from tests.bot.wecom.crew import ADDRESS, HOME, PHONE, RESIDENT, TEAM, Crew, on_duty
from tests.emulators.wecom import Colleague, WecomServer


@pytest.fixture
async def wecom() -> AsyncIterator[WecomServer]:
    async with WecomServer() as company:
        yield company


ON_BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
"""Where it matters which database it is; elsewhere the quicker one will do."""


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    wanted = getattr(request, "param", "sqlite")
    url: str = request.getfixturevalue("sqlite_url" if wanted == "sqlite" else "postgres_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    fresh = Database(database_url)
    yield fresh
    await fresh.close()


@pytest.fixture
async def crew(wecom: WecomServer, database: Database, tmp_path: Path) -> AsyncIterator[Crew]:
    async with on_duty(wecom, database, tmp_path) as made:
        await made.on_shift("wang", "li", "zheng")
        yield made


@pytest.fixture
def wang(wecom: WecomServer, crew: Crew) -> Colleague:
    return wecom.member("wang")


@pytest.fixture
def li(wecom: WecomServer, crew: Crew) -> Colleague:
    return wecom.member("li")


async def shown(wecom: WecomServer, crew: Crew, number: int) -> dict[str, list[str]]:
    """What stands on the team's card on each phone."""
    task = (await crew.card(number)).message or ""
    return {user: [*card.words.split("\n"), *card.labels] for user, card in wecom.copies(task).items()}


@ON_BOTH
async def test_a_new_ticket_is_one_card_for_all_who_are_on_shift(wecom: WecomServer, crew: Crew) -> None:
    number = await crew.posted()
    copies = await shown(wecom, crew, number)
    assert sorted(copies) == ["li", "wang", "zheng"]
    assert copies["li"] == copies["wang"] == copies["zheng"]
    assert "接单" in copies["li"]
    assert len(wecom.calls_of("message/send")) == 1
    assert wecom.member("xiaojun").from_bot == []


async def test_nothing_on_it_says_who_the_resident_is(
    wecom: WecomServer, crew: Crew, wang: Colleague
) -> None:
    await crew.posted()
    seen = str(wang.cards[0])
    assert "3-****" in seen
    assert not [secret for secret in (RESIDENT, HOME, PHONE, PHONE[3:]) if secret in seen]


async def test_it_opens_the_page_as_for_a_group(crew: Crew, wang: Colleague) -> None:
    number = await crew.posted()
    assert wang.cards[0].url == wang.cards[0].link("打开工单")
    page = links.read(crew.desk, wang.cards[0].url.removeprefix(f"{ADDRESS}{links.PAGE}"))
    assert page is not None
    assert (page.ticket, page.staff) == (number, None)


@ON_BOTH
async def test_who_taps_takes_it_and_all_see_who(
    wecom: WecomServer, crew: Crew, wang: Colleague, li: Colleague
) -> None:
    number = await crew.posted()
    await wang.tap("接单").settled()
    await crew.sender.drain()
    copies = await shown(wecom, crew, number)
    assert all("处理人：王建国" in words and "接单" not in words for words in copies.values())
    assert sorted(copies) == ["li", "wang", "zheng"]
    assert len(li.from_bot) == 1, "it changed in place"
    private = wang.cards[-1]
    assert (private.row("住户"), private.row("房屋")) == (RESIDENT, HOME)
    assert HOME not in str(li.cards)


@ON_BOTH
async def test_two_tap_in_the_same_instant_and_one_is_told_who_was_quicker(
    wecom: WecomServer, crew: Crew, wang: Colleague, li: Colleague
) -> None:
    number = await crew.posted()
    await asyncio.gather(wang.tap("接单").settled(), li.tap("接单").settled())
    await crew.sender.drain()
    taker = (await crew.ticket(number)).assignee_id
    first, second = (wang, li) if taker == await crew.staff("wang") else (li, wang)
    async with crew.database.reading() as session:
        taken = select(TicketEvent.id).filter_by(ticket_id=number, action="accept")
        assert len((await session.scalars(taken)).all()) == 1
    assert first.title in second.last.text
    assert [one.kind for one in second.from_bot] == ["template_card", "text"]
    assert HOME in str(first.cards)
    assert HOME not in str(second.cards)
    copies = await shown(wecom, crew, number)
    assert all(f"处理人：{first.title}" in words for words in copies.values())


@ON_BOTH
async def test_every_tap_of_anybody_is_a_right_to_change_it_and_then_it_is_posted_anew(
    wecom: WecomServer, crew: Crew, wang: Colleague, li: Colleague
) -> None:
    number = await crew.posted()
    await wang.tap("接单").settled()
    await crew.sender.drain()
    await li.tap("接单", stale=True).settled()
    for times in (1, 2):
        await crew.remark(number, f"第 {times} 次")
        copies = await shown(wecom, crew, number)
        assert all(f"第 {times} 次" in "".join(words) for words in copies.values())
    assert len(li.cards) == 1
    await crew.remark(number, "第 3 次")
    assert len(li.cards) == 2
    assert ["第 3 次" in card.words for card in li.cards] == [False, True]
    assert li.cards[1].task_id == (await crew.card(number)).message


@ON_BOTH
async def test_the_next_shift_gets_the_next_card_and_the_last_one_still_changes(
    wecom: WecomServer, crew: Crew, wang: Colleague
) -> None:
    first = await crew.posted()
    await crew.on_shift("xiaojun", "zheng")
    second = await crew.posted()
    assert [sorted(await shown(wecom, crew, one)) for one in (first, second)] == [
        ["li", "wang", "zheng"],
        ["xiaojun", "zheng"],
    ]
    await wang.tap("接单").settled()
    await crew.sender.drain()
    assert all("处理人：王建国" in words for words in (await shown(wecom, crew, first)).values())
    assert all("接单" in words for words in (await shown(wecom, crew, second)).values())


async def test_what_is_said_below_a_card_reaches_everybody_and_shows_it_to_who_asks(
    crew: Crew, wang: Colleague, li: Colleague
) -> None:
    number = await crew.posted()
    await crew.tell(number, "repair.lead.nudge")
    for colleague in (wang, li):
        assert "查看" in str(colleague.cards[-1].labels)
        assert colleague.cards[-1].url.startswith(ADDRESS)
    await li.tap(li.cards[-1].labels[0]).settled()
    assert "3-****" in li.last.text
    assert HOME not in li.last.text
    assert len(wang.from_bot) == 2


async def test_who_cannot_be_reached_does_not_keep_it_from_the_others(
    wecom: WecomServer, crew: Crew, wang: Colleague, li: Colleague
) -> None:
    li.member.sees_app = False
    with capture_logs() as logs:
        number = await crew.posted()
    assert sorted(await shown(wecom, crew, number)) == ["wang", "zheng"]
    noted = [line for line in logs if line["event"] == "wecom_team_partly_reached"]
    assert [(line["missed"], line["of"]) for line in noted] == [(1, 3)]
    assert "'li'" not in str(noted)
    async with crew.database.reading() as session:
        assert (await session.scalars(select(Account.reachable).filter_by(external_id="li"))).one()
    await wang.tap("接单").settled()
    await crew.sender.drain()
    assert "王建国" in str(wang.cards[0])


@ON_BOTH
async def test_a_team_of_nobody_says_so_and_is_tried_again_with_the_next_change(
    wecom: WecomServer, crew: Crew, wang: Colleague
) -> None:
    async with crew.database.transaction() as session:
        await session.execute(update(Account).filter_by(channel="wecom").values(reachable=False))
    with capture_logs() as logs:
        number = await crew.posted()
    assert await crew.rows() == [("failed", "nobody of the team has an account that can be reached")]
    assert ("wecom_team_empty", TEAM) in [(line["event"], line.get("team")) for line in logs]
    async with crew.database.transaction() as session:
        assert (await session.scalars(select(Group.present))).all() == [True]
        await session.execute(update(Account).filter_by(external_id="wang").values(reachable=True))
    await crew.remark(number, "有人吗")
    assert "有人吗" in wang.cards[0].words


async def test_a_team_whom_wecom_does_not_know_is_not_a_group_that_was_lost(
    wecom: WecomServer, crew: Crew, wang: Colleague, li: Colleague
) -> None:
    everybody = (wang, li, wecom.member("zheng"))
    for one in everybody:
        one.member.sees_app = False
    with capture_logs() as logs:
        number = await crew.posted()
    assert [state for state, _ in await crew.rows()] == ["failed"]
    assert "wecom_team_unreached" in [line["event"] for line in logs]
    async with crew.database.reading() as session:
        assert (await session.scalars(select(Group.present))).all() == [True]
    for one in everybody:
        one.member.sees_app = True
    await crew.remark(number, "有人吗")
    assert [len(one.cards) for one in everybody] == [1, 1, 1]


async def test_an_emergency_names_the_duty_lead(crew: Crew, wang: Colleague) -> None:
    await crew.posted(urgent=True)
    assert wang.cards[0].title.startswith("🚨")
    assert "郑伟" in wang.cards[0].words


async def test_a_robot_in_a_group_calls_the_duty_lead_by_name(wecom: WecomServer, crew: Crew) -> None:
    robot = wecom.robot()
    async with crew.database.transaction() as session:
        where = {"purpose": "repair", "community": "HPY", "channel": "robot", "bot": "wecom"}
        await office.bind_group(session, **where, chat=robot.key)
    await crew.report(urgent=True)
    await crew.robots.drain()
    assert (robot.group.last.kind, robot.group.mentioned) == ("markdown", ["zheng"])
    await crew.report()
    await crew.robots.drain()
    assert (robot.group.last.kind, len(robot.group.mentioned)) == ("template_card", 1)


async def test_a_flood_is_joined_and_nobody_is_told_more_than_wecom_shows(
    wecom: WecomServer, crew: Crew, li: Colleague
) -> None:
    for _ in range(30):
        await crew.report()
    await crew.sender.drain()
    assert 10 < len(li.from_bot) <= 20
    await crew.posted(urgent=True)
    assert li.cards[-1].title.startswith("🚨")
    assert (wecom.lost, wecom.violations) == ([], [])
    assert {state for state, _ in await crew.rows()} == {"sent", "joined", "pending"}


@pytest.mark.parametrize(
    ("errcode", "meaning"),
    [(45009, Throttled), (60020, Temporary), (60111, Unacceptable), (82001, Unacceptable)],
)
async def test_what_wecom_refuses_a_team(
    wecom: WecomServer, crew: Crew, errcode: int, meaning: type[SendError]
) -> None:
    wecom.fail_next("message/send", errcode=errcode)
    with pytest.raises(meaning) as caught:
        await crew.app.send(TEAM, ticket())
    assert type(caught.value) is meaning


async def test_words_and_photos_reach_the_team_too(crew: Crew, wang: Colleague, li: Colleague) -> None:
    await crew.app.send(TEAM, Outgoing("水" * 1000, TITLE))
    for one in (wang, li):
        assert "".join(part.text for part in one.from_bot).count("水") == 1000


async def test_a_change_is_for_those_who_got_the_card_and_for_a_team_that_is_one(
    wecom: WecomServer, crew: Crew, wang: Colleague
) -> None:
    task = await crew.app.send(TEAM, ticket())
    for chat in ("wang", "team.HPY.party"):
        with pytest.raises(Gone):
            await crew.app.edit(chat, task, ticket())
    await crew.app.edit(TEAM, task, ticket(f"{TEXT}\n处理人：王师傅", TITLE, (PAGE,)))
    assert {card.row("处理人") for card in wecom.copies(task).values()} == {"王师傅"}
    assert len(wecom.copies(task)) == 3
    with pytest.raises(Unacceptable):
        await crew.app.send("team.HPY.care", ticket())


async def test_15_without_the_database_a_team_waits(
    crew: Crew, wang: Colleague, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("SELECT", {}, OSError())

    with monkeypatch.context() as patched:
        patched.setattr(crew.database, "reading", away)
        with pytest.raises(Temporary):
            await crew.app.send(TEAM, ticket())
    assert wang.from_bot == []
