"""The repair: what it asks of whom, what becomes of the answers, and who may do what with the ticket."""

from __future__ import annotations

from typing import cast

import pytest

from flows import catalogue
from flows.engine import turn as engine
from flows.engine.effects import Act, Effect, OpenTicket
from flows.engine.facts import Facts, Home
from flows.engine.form import Flow
from flows.engine.lifecycle import Actor, Role
from flows.engine.messages import Ask, Command, Heard, Json, Picked, Pressed, Review, Said, Sent, Shared
from flows.engine.when import Window, windows
from flows.repair import (
    DANGEROUS,
    LIFECYCLE,
    Details,
    Finish,
    Pause,
    Place,
    Repair,
    RepairOpinion,
    State,
    Trade,
    lines,
)
from flows.ticket import Addition, Reason, Reopening, Withdrawal
from tests.flows.engine.cafe import NOW

HOME, FLAT = Home(1, "3-1201", 1), Home(2, "3-1202", 1)
FACTS = Facts(now=NOW, homes=(HOME,), phones=("+8613800000001",), slots=windows(NOW, days=1))
ABOUT = Facts(now=NOW, homes=(HOME,), slots=windows(NOW, days=1), about={"ticket": 7, "action": "act"})


def tap(question: str, value: str) -> Picked:
    return Picked(question, value)


def asked(flow: type[Flow], *heard: Heard, facts: Facts = FACTS) -> list[str]:
    """Every question in the order it is put, the review included."""
    turn = engine.begin(flow, facts)
    found = [_place(turn.messages[-1])]
    for one in heard:
        assert turn.draft is not None
        turn = engine.advance(flow, turn.draft, one, facts)
        found.append(_place(turn.messages[-1]) if turn.messages and turn.draft else "")
    return found


def _place(message: object) -> str:
    return message.question if isinstance(message, Ask) else "review" if isinstance(message, Review) else ""


def effect(flow: type[Flow], *heard: Heard, facts: Facts = FACTS) -> Effect | None:
    turn = engine.begin(flow, facts)
    for one in heard:
        assert turn.draft is not None, f"over before {one}"
        turn = engine.advance(flow, turn.draft, one, facts)
    assert turn.draft is None
    return turn.effects[0] if turn.effects else None


AT_HOME: tuple[Heard, ...] = (
    tap("place", "home"),
    tap("trade", "water"),
    tap("hazard", "no"),
    Said("the tap drips", "r4"),
    Pressed(Command.SKIP),
    tap("visit", "asap"),
    tap("phone", "+8613800000001"),
)
EMERGENCY: tuple[Heard, ...] = (
    tap("place", "home"),
    tap("trade", "gas"),
    tap("hazard", "yes"),
    Said("it smells", "r4"),
    Shared("+8613912345678"),
)


def test_a_repair_at_home_asks_everything() -> None:
    assert asked(Repair, *AT_HOME) == [
        "place",
        "trade",
        "hazard",
        "details",
        "photos",
        "visit",
        "phone",
        "review",
    ]


def test_a_shared_place_needs_no_visit() -> None:
    shared = (tap("place", "shared"), tap("trade", "doors"), Said("the door"), Pressed(Command.SKIP))
    assert asked(Repair, *shared)[-1] == "phone"


def test_an_emergency_is_sent_at_once() -> None:
    assert asked(Repair, *EMERGENCY) == ["place", "trade", "hazard", "details", "phone", ""]
    opened = cast("OpenTicket", effect(Repair, *EMERGENCY))
    assert opened.urgent
    assert Details.from_json(opened.details).visit is None


def test_photos_of_an_emergency_are_taken_whenever_they_come() -> None:
    early = effect(Repair, Sent(4), *EMERGENCY)
    late = effect(Repair, *EMERGENCY[:4], Sent(5, caption="here"), EMERGENCY[4])
    assert isinstance(early, OpenTicket)
    assert isinstance(late, OpenTicket)
    assert (early.photos, late.photos) == ((4,), (5,))
    assert [text for _, text in late.described] == ["it smells", "here"]


@pytest.mark.parametrize("trade", list(Trade))
def test_only_dangerous_trades_ask_about_danger(trade: Trade) -> None:
    after = asked(Repair, tap("place", "home"), tap("trade", trade.value))[-1]
    assert after == ("hazard" if trade in DANGEROUS else "details")


@pytest.mark.parametrize("homes", [(), (HOME, FLAT)], ids=["none", "two"])
def test_the_home_is_asked_for_unless_there_is_exactly_one(homes: tuple[Home, ...]) -> None:
    facts = Facts(now=NOW, homes=homes)
    assert asked(Repair, facts=facts) == ["home"]


def test_a_ticket_is_opened_with_what_was_said() -> None:
    facts = Facts(now=NOW, homes=(HOME, FLAT), phones=FACTS.phones, slots=FACTS.slots)
    opened = effect(Repair, tap("home", "2"), *AT_HOME, Pressed(Command.SUBMIT), facts=facts)
    assert opened == OpenTicket(
        kind="repair",
        home=2,
        urgent=False,
        details={
            "place": "home",
            "trade": "water",
            "hazard": False,
            "text": "the tap drips",
            "phone": "+8613800000001",
            "visit": None,
        },
        photos=(),
        described=(("r4", "the tap drips"),),
    )


def test_a_danger_that_was_taken_back_is_no_emergency() -> None:
    """The hazard was answered for gas; then it turns out to be a door."""
    heard = (*EMERGENCY[:4], Pressed(Command.BACK), Pressed(Command.BACK), Pressed(Command.BACK))
    heard = (*heard, tap("trade", "doors"), Pressed(Command.SKIP), tap("visit", "asap"), EMERGENCY[4])
    opened = effect(Repair, *heard, Pressed(Command.SUBMIT))
    assert isinstance(opened, OpenTicket)
    assert not opened.urgent
    assert not Details.from_json(opened.details).hazard


def test_details_survive_being_written_down() -> None:
    details = Details(Place.HOME, Trade.WATER, False, "drips", "+86138", Window(NOW, NOW.replace(hour=12)))
    assert Details.from_json(details.to_json()) == details
    with pytest.raises((KeyError, ValueError)):
        Details.from_json({"place": "moon"})


def test_the_phone_is_the_only_private_line() -> None:
    shown = lines(Details(Place.HOME, Trade.WATER, False, "drips", "+86138").to_json())
    assert [line.label.key for line in shown if line.private] == ["repair.phone.label"]


# --- what actions ask for


@pytest.mark.parametrize(
    ("flow", "heard", "values", "photos"),
    [
        (
            Finish,
            (
                tap("checklist", "mat"),
                Pressed(Command.DONE),
                Said("new hose"),
                Sent(3),
                Pressed(Command.DONE),
            ),
            {"checklist": ["mat"], "work": "new hose"},
            (3,),
        ),
        (
            Pause,
            (Said("no part"), Said("明天下午三点")),
            {"reason": "no part", "until": "2026-11-24T15:00:00+08:00"},
            (),
        ),
        (
            RepairOpinion,
            (tap("speed", "4"), Pressed(Command.SKIP), tap("covers", "no"), Said("fine")),
            {"speed": 4, "manner": None, "covers": False, "comment": "fine"},
            (),
        ),
        (Reason, (Said("too far"),), {"reason": "too far"}, ()),
        (Addition, (Said("and this"), Pressed(Command.SKIP)), {"note": "and this"}, ()),
        (Reopening, (Said("still wet"), Sent(8), Pressed(Command.DONE)), {"note": "still wet"}, (8,)),
        (Withdrawal, (tap("sure", "yes"),), {"sure": True}, ()),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_an_action_asks_for_reaches_the_ticket(
    flow: type[Flow], heard: tuple[Heard, ...], values: dict[str, Json], photos: tuple[int, ...]
) -> None:
    assert effect(flow, *heard, facts=ABOUT) == Act(7, "act", values, photos)


def test_second_thoughts_about_cancelling_do_nothing() -> None:
    assert effect(Withdrawal, tap("sure", "no"), facts=ABOUT) is None


# --- the table


WANG = Actor(frozenset({Role.TECHNICIAN}), assignee=True)
ZHAO = Actor(frozenset({Role.TECHNICIAN}))
LEAD = Actor(frozenset({Role.DUTY_LEAD}))
DESK = Actor(frozenset({Role.DESK}))
LI = Actor(frozenset(), owner=True)
HAN = Actor(frozenset())


def may(state: State, actor: Actor) -> set[str]:
    return {action.name for action in LIFECYCLE.allowed(state, actor, {})}


@pytest.mark.parametrize(
    ("state", "technician", "resident"),
    [
        (State.NEW, {"accept"}, {"nudge", "add", "cancel"}),
        (State.ACCEPTED, {"depart", "arrive", "pause", "transfer"}, {"nudge", "add", "cancel"}),
        (State.ON_THE_WAY, {"arrive", "pause", "transfer"}, {"nudge", "add", "cancel"}),
        (State.ARRIVED, {"finish", "pause", "transfer"}, {"nudge", "add"}),
        (State.PAUSED, {"resume", "transfer"}, {"nudge", "add", "cancel"}),
        (State.DONE, set(), {"add", "reopen"}),
        (State.CLOSED, set(), {"reopen"}),
        (State.CANCELLED, set(), set()),
        (State.REOPENED, {"accept"}, {"nudge", "add", "cancel"}),
    ],
)
def test_who_may_do_what(state: State, technician: set[str], resident: set[str]) -> None:
    assert may(state, WANG) == technician
    assert may(state, LI) == resident
    assert may(state, HAN) == set()


def test_another_technician_may_only_take_what_is_free() -> None:
    assert may(State.NEW, ZHAO) == {"accept"}
    assert all(may(state, ZHAO) == set() for state in State if state not in (State.NEW, State.REOPENED))


def test_the_desk_may_cancel_while_it_runs_and_nothing_else() -> None:
    running = set(State) - {State.DONE, State.CLOSED, State.CANCELLED}
    assert {state for state in State if may(state, DESK)} == running
    assert all(may(state, DESK) == {"withdraw"} for state in running)


def test_a_lead_may_step_in_anywhere() -> None:
    assert may(State.ARRIVED, LEAD) == {"finish", "pause", "transfer", "withdraw"}


def test_only_a_reopening_leads_out_of_an_end() -> None:
    out = {
        action.name
        for action in LIFECYCLE.actions
        if action.frm & LIFECYCLE.final and action.to not in (None, *LIFECYCLE.final)
    }
    assert out == {"reopen"}
    assert not any(State.CANCELLED in action.frm for action in LIFECYCLE.actions)


def test_every_flow_of_the_repair_is_in_the_catalogue() -> None:
    assert catalogue.lifecycles()["repair"] is LIFECYCLE
    assert {flow.name for flow in (Repair, Finish, Pause, RepairOpinion, Reason)} <= set(
        catalogue.all_flows()
    )
