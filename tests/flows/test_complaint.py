"""The complaint: what it asks, whom it is kept from, and who may do what until the resident is content."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from flows import catalogue
from flows.complaint.answering import Assent, Objection, Proposal, Report, Settlement
from flows.complaint.grievance import Details, Grievance, Reach, Subject, Team, lines
from flows.complaint.table import LIFECYCLE, OWNERS, PROMISES, State
from flows.engine import turn as engine
from flows.engine.effects import Act, OpenTicket
from flows.engine.facts import Facts, Home
from flows.engine.form import Flow
from flows.engine.lifecycle import Actor, Audience, Refused, Role
from flows.engine.messages import Ask, Command, Heard, Json, Phrase, Picked, Pressed, Review, Said, Sent
from flows.engine.when import windows
from flows.ticket import Opinion
from tests.flows.engine.cafe import NOW

HOME, FLAT = Home(1, "3-1201", 1), Home(2, "3-1202", 1)
FACTS = Facts(now=NOW, homes=(HOME,), phones=("+8613800000001",), slots=windows(NOW, days=1))
ABOUT = replace(FACTS, about={"ticket": 7, "action": "act"})


def tap(question: str, value: str) -> Picked:
    return Picked(question, value)


def asked(flow: type[Flow], *heard: Heard, facts: Facts = FACTS) -> list[Ask | Review | None]:
    """Every question in the order it is put, the review included."""
    turn = engine.begin(flow, facts)
    found = [turn.messages[-1]]
    for one in heard:
        assert turn.draft is not None, f"over before {one}"
        turn = engine.advance(flow, turn.draft, one, facts)
        found.append(turn.messages[-1])
    return [one if isinstance(one, Ask | Review) else None for one in found]


def names(found: list[Ask | Review | None]) -> list[str]:
    return [one.question if isinstance(one, Ask) else "review" for one in found]


def effect(flow: type[Flow], *heard: Heard, facts: Facts = FACTS) -> OpenTicket | Act:
    turn = engine.begin(flow, facts)
    for one in heard:
        assert turn.draft is not None, f"over before {one}"
        turn = engine.advance(flow, turn.draft, one, facts)
    assert turn.draft is None
    return cast("OpenTicket | Act", turn.effects[0])


ABOUT_STAFF: tuple[Heard, ...] = (
    tap("subject", "staff"),
    tap("team", "repair"),
    Said("he shouted", "r3"),
    Sent(4),
    Pressed(Command.DONE),
    Said("an apology"),
    tap("reach", "phone"),
    tap("phone", "+8613800000001"),
    tap("hide", "yes"),
)
ABOUT_NOISE: tuple[Heard, ...] = (
    tap("subject", "noise"),
    Said("every night", "r2"),
    Pressed(Command.SKIP),
    Pressed(Command.SKIP),
    tap("reach", "here"),
    tap("hide", "no"),
)


def test_about_staff_everything_is_asked() -> None:
    order = ["subject", "team", "details", "photos", "photos", "wish", "reach", "phone", "hide", "review"]
    assert names(asked(Grievance, *ABOUT_STAFF)) == order


def test_noise_needs_no_team_and_an_answer_in_the_chat_no_phone() -> None:
    order = ["subject", "details", "photos", "wish", "reach", "hide", "review"]
    assert names(asked(Grievance, *ABOUT_NOISE)) == order


@pytest.mark.parametrize("subject", list(Subject))
def test_the_team_is_asked_only_where_colleagues_are_meant(subject: Subject) -> None:
    after = names(asked(Grievance, tap("subject", subject.value)))[-1]
    assert after == ("team" if subject in (Subject.SERVICE, Subject.STAFF) else "details")


@pytest.mark.parametrize("reach", list(Reach))
def test_a_phone_is_asked_only_for_a_call_or_a_visit(reach: Reach) -> None:
    after = names(asked(Grievance, *ABOUT_NOISE[:4], tap("reach", reach.value)))[-1]
    assert after == ("hide" if reach is Reach.HERE else "phone")


@pytest.mark.parametrize("homes", [(), (HOME, FLAT)], ids=["none", "two"])
def test_the_home_is_asked_for_unless_there_is_exactly_one(homes: tuple[Home, ...]) -> None:
    assert names(asked(Grievance, facts=replace(FACTS, homes=homes))) == ["home"]


@pytest.mark.parametrize("team", list(Team))
def test_who_will_know_the_name_all_the_same_is_said_beforehand(team: Team) -> None:
    heard = (tap("subject", "staff"), tap("team", team.value), *ABOUT_NOISE[1:-1])
    last = asked(Grievance, *heard)[-1]
    assert isinstance(last, Ask)
    assert last.prompt == Phrase("complaint.hide.care" if team is Team.CARE else "complaint.hide.ask")


def test_a_ticket_is_opened_with_what_was_said() -> None:
    assert effect(Grievance, *ABOUT_STAFF, Pressed(Command.SUBMIT)) == OpenTicket(
        kind="complaint",
        home=1,
        urgent=False,
        details={
            "subject": "staff",
            "team": "repair",
            "text": "he shouted",
            "wish": "an apology",
            "reach": "phone",
            "phone": "+8613800000001",
            "hide": True,
        },
        photos=(4,),
        described=(("r3", "he shouted"),),
    )


def test_a_team_and_a_phone_that_were_taken_back_are_forgotten() -> None:
    """First about a technician, to be called back; then it turns out to be noise, answered in the chat."""
    edits: tuple[Heard, ...] = (Pressed(Command.EDIT, argument="subject"), tap("subject", "noise"))
    edits += (Pressed(Command.EDIT, argument="reach"), tap("reach", "here"))
    opened = effect(Grievance, *ABOUT_STAFF, *edits, Pressed(Command.SUBMIT))
    assert isinstance(opened, OpenTicket)
    details = Details.from_json(opened.details)
    assert (details.team, details.phone) == (Team.OTHER, "")


@pytest.mark.parametrize(
    ("subject", "team"),
    [(Subject.SECURITY, Team.GATE), (Subject.CLEANING, Team.CLEANERS), (Subject.PARKING, Team.OTHER)],
)
def test_some_subjects_have_a_team_of_their_own(subject: Subject, team: Team) -> None:
    opened = effect(
        Grievance, tap("subject", subject.value), *ABOUT_NOISE[1:], Pressed(Command.SUBMIT), facts=FACTS
    )
    assert isinstance(opened, OpenTicket)
    assert Details.from_json(opened.details).team is team


def complaint(team: Team = Team.REPAIR, *, hide: bool = True, reach: Reach = Reach.PHONE) -> dict[str, Json]:
    phone = "" if reach is Reach.HERE else "+8613800000001"
    return Details(Subject.STAFF, team, "he shouted", "", reach, phone, hide).to_json()


def test_details_survive_being_written_down() -> None:
    written = complaint()
    assert Details.from_json(written).to_json() == written
    with pytest.raises((KeyError, ValueError)):
        Details.from_json({"subject": "moon"})


def test_the_phone_is_private_and_causes_stay_among_colleagues() -> None:
    kept: dict[str, Json] = {"proposal": "we talk to him", "cause": "overtime", "prevention": "fewer jobs"}
    shown = lines({**complaint(), **kept})
    assert [line.label.key for line in shown if line.private] == ["complaint.phone.label"]
    assert [line.value for line in shown if line.internal] == ["overtime", "fewer jobs"]
    assert "we talk to him" in [line.value for line in shown if not line.internal]


def test_what_was_not_said_has_no_line() -> None:
    shown = lines(complaint(Team.OTHER, reach=Reach.HERE))
    assert [line.label.key for line in shown] == [
        "complaint.subject.label",
        "complaint.details.label",
        "complaint.reach.label",
    ]


# --- what actions ask for


@pytest.mark.parametrize(
    ("flow", "heard", "values", "photos"),
    [
        (
            Proposal,
            (Said("we talk to him"), Said("明天下午三点")),
            {
                "note": "we talk to him",
                "proposal": "we talk to him",
                "until": "2026-11-24T17:00:00+08:00",
            },
            (),
        ),
        (Objection, (Said("not enough"), Sent(3), Pressed(Command.DONE)), {"note": "not enough"}, (3,)),
        (Assent, (Said("on the phone"),), {"note": "on the phone"}, ()),
        (
            Settlement,
            (Said("overtime"), Said("fewer jobs"), Said("sorry again")),
            {"cause": "overtime", "prevention": "fewer jobs", "note": "sorry again"},
            (),
        ),
        (Report, (Said("content"),), {"note": "content", "visited": "content"}, ()),
        (
            Opinion,
            (tap("speed", "4"), Pressed(Command.SKIP), Said("fine")),
            {"speed": 4, "manner": None, "comment": "fine"},
            (),
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_an_action_asks_for_reaches_the_ticket(
    flow: type[Flow], heard: tuple[Heard, ...], values: dict[str, Json], photos: tuple[int, ...]
) -> None:
    assert effect(flow, *heard, facts=ABOUT) == Act(7, "act", values, photos)


# --- who sees it


def staff(*roles: Role, assignee: bool = False) -> Actor:
    return Actor(frozenset(roles), assignee=assignee)


@pytest.mark.parametrize("team", list(Team))
def test_the_team_concerned_never_gets_it(team: Team) -> None:
    assert LIFECYCLE.group(complaint(team)) == ("managers" if team is Team.CARE else "care")


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.RESIDENT, Role.OWNER)])
def test_only_assistants_and_managers_know_who_wants_to_stay_unnamed(role: Role) -> None:
    secret, open_one = complaint(), complaint(hide=False)
    assert LIFECYCLE.knows(staff(role), secret) == (role in OWNERS)
    assert LIFECYCLE.knows(staff(role), open_one)
    assert LIFECYCLE.knows(Actor(frozenset(), owner=True), secret)


def test_who_shares_the_home_reads_nothing() -> None:
    assert not LIFECYCLE.reads(Actor(frozenset(), landlord=True), complaint())


@pytest.mark.parametrize(
    ("team", "member"),
    [
        (Team.REPAIR, Role.TECHNICIAN),
        (Team.CARE, Role.ASSISTANT),
        (Team.CARE, Role.DESK),
        (Team.GATE, Role.GUARD),
    ],
)
def test_members_of_the_team_concerned_have_no_part_in_it(team: Team, member: Role) -> None:
    """Not even with another role that would let them; a manager stays a manager."""
    details = complaint(team)
    colleague = staff(member, Role.ASSISTANT, Role.QUALITY, assignee=True)
    assert not LIFECYCLE.reads(colleague, details)
    assert not LIFECYCLE.knows(colleague, details)
    assert all(LIFECYCLE.allowed(state, colleague, details) == () for state in State)
    with pytest.raises(Refused, match="not_yours"):
        LIFECYCLE.check("own", State.NEW, colleague, details)
    manager = staff(member, Role.MANAGER)
    assert LIFECYCLE.reads(manager, details)
    assert LIFECYCLE.check("own", State.NEW, manager, details).name == "own"


def test_an_assistant_reads_what_is_about_others() -> None:
    for team in (Team.REPAIR, Team.GATE, Team.OTHER, Team.CLEANERS, Team.RENOVATION):
        assert LIFECYCLE.reads(staff(Role.ASSISTANT), complaint(team))
    for role in (Role.TECHNICIAN, Role.GUARD, Role.DESK, Role.ADMINISTRATOR):
        assert not LIFECYCLE.reads(staff(role), complaint(Team.OTHER))


# --- the table


def may(state: State, actor: Actor, **more: Json) -> set[str]:
    return {action.name for action in LIFECYCLE.allowed(state, actor, {**complaint(), **more})}


ASSISTANT, OTHER_ASSISTANT = staff(Role.ASSISTANT, assignee=True), staff(Role.ASSISTANT)
MANAGER, LEAD = staff(Role.MANAGER), staff(Role.DUTY_LEAD)
LI = Actor(frozenset(), owner=True)


@pytest.mark.parametrize(
    ("state", "assistant", "resident"),
    [
        (State.NEW, {"own"}, {"nudge", "add", "cancel"}),
        (State.OWNED, {"answer", "propose", "inform", "transfer"}, {"nudge", "add", "cancel"}),
        (State.ANSWERED, {"answer", "propose", "inform", "transfer"}, {"nudge", "add", "cancel"}),
        (State.PROPOSED, {"assent", "inform"}, {"agree", "disagree", "add", "cancel"}),
        (State.AGREED, {"propose", "settle", "inform"}, {"disagree", "nudge", "add", "cancel"}),
        (State.ESCALATED, {"propose", "inform"}, {"nudge", "add", "cancel"}),
        (State.REOPENED, {"own"}, {"nudge", "add", "cancel"}),
        (State.CLOSED, {"visited"}, {"reopen"}),
        (State.CANCELLED, set(), set()),
    ],
)
def test_who_may_do_what(state: State, assistant: set[str], resident: set[str]) -> None:
    assert may(state, ASSISTANT) == assistant
    assert may(state, MANAGER) == assistant
    assert may(state, OTHER_ASSISTANT) == assistant & {"own"}
    assert may(state, LI) == resident
    assert may(state, LEAD) == set()


def test_nobody_but_the_resident_withdraws_a_complaint() -> None:
    ends = {action.name: action.by for action in LIFECYCLE.actions if action.to is State.CANCELLED}
    assert ends == {"cancel": frozenset({Role.RESIDENT})}


def test_it_closes_only_after_a_yes() -> None:
    assert {action.name for action in LIFECYCLE.actions if action.to is State.AGREED} == {"agree", "assent"}
    closed = LIFECYCLE.final
    closing = [one for one in LIFECYCLE.actions if one.to is State.CLOSED and not one.frm <= closed]
    assert [action.name for action in closing] == ["settle"]
    assert closing[0].frm == {State.AGREED}
    assert set(closing[0].keeps) == {"cause", "prevention"}


def test_a_spoken_yes_counts_only_where_speaking_was_asked_for() -> None:
    assert "assent" in may(State.PROPOSED, ASSISTANT, reach="phone")
    assert "assent" not in may(State.PROPOSED, ASSISTANT, reach="here")
    assent = LIFECYCLE.named["assent"]
    assert Audience.RESIDENT in assent.tells
    assert assent.offers == ("disagree",)


def test_the_return_visit_is_made_once_for_each_ending() -> None:
    assert may(State.CLOSED, ASSISTANT, visited="content") == set()
    assert "visited" in LIFECYCLE.named["reopen"].drops
    assert LIFECYCLE.named["visited"].internal


def test_no_goes_to_the_manager_and_a_new_plan_is_due() -> None:
    no = LIFECYCLE.named["disagree"]
    assert no.to is State.ESCALATED
    assert Audience.MANAGER in no.tells
    assert "plan" in no.starts


def test_every_word_to_the_resident_restarts_the_clock_of_keeping_them_informed() -> None:
    timer = LIFECYCLE.timer("inform")
    assert timer is not None
    assert timer.again == timer.after[0]
    talking = {"own", "answer", "inform"}
    assert all("inform" in LIFECYCLE.named[name].starts for name in talking)
    assert "inform" in LIFECYCLE.named["propose"].stops, "then it is the resident's turn"
    assert all("inform" in LIFECYCLE.named[name].starts for name in ("agree", "assent", "disagree"))


def test_an_end_stops_every_promise() -> None:
    for name in ("settle", "cancel"):
        assert {*PROMISES, "inform", "decide", "promised"} <= set(LIFECYCLE.named[name].stops)


def test_only_a_reopening_leads_out_of_an_end() -> None:
    out = {
        action.name
        for action in LIFECYCLE.actions
        if action.frm & LIFECYCLE.final and action.to not in (None, *LIFECYCLE.final)
    }
    assert out == {"reopen"}
    assert not any(State.CANCELLED in action.frm for action in LIFECYCLE.actions)


def test_it_insists_on_words_that_would_lead_elsewhere() -> None:
    assert catalogue.lifecycles()["complaint"] is LIFECYCLE
    assert LIFECYCLE.insists
    assert list(catalogue.lifecycles()).index("repair") < list(catalogue.lifecycles()).index("complaint")
