"""A home is renovated: filing and permit, a look in now and then, two checks, and the deposit back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from flows.engine.effects import Consequence, EndPasses, IssuePass, Moved, OpenTicket
from flows.engine.lifecycle import Action, Audience, Clock, Lifecycle, Line, Role, Stage, Timer
from flows.engine.messages import Json, Phrase
from flows.engine.questions import Text
from flows.filing import Renovation
from flows.ticket import RATING, RESIDENT, Opinion, Reason, resident_actions
from flows.works import (
    UNSETTLED,
    Answering,
    Check,
    Consent,
    Consenting,
    Declining,
    Extension,
    FinalCheck,
    Finding,
    Matter,
    Mended,
    Mending,
    Missing,
    NotYet,
    PaperConsent,
    Remedied,
    Settled,
    findings,
    found,
    stand,
    whole,
    works,
)


def lines(details: Mapping[str, Any]) -> tuple[Line, ...]:
    """A renovation as its card shows it; the resident reads it, too."""
    phone = Phrase("engine.phone", {"number": details["phone"]})
    span = Phrase("renovation.card.span", {"start": whole(details["start"]), "end": whole(details["end"])})
    structure = Phrase("renovation.card.touched" if details["structure"] else "engine.no")
    pictures = {kind: len(details["pictures"].get(kind, ())) for kind in PAPERS}
    papers = [Phrase(f"renovation.pictures.{kind}", {"n": n}) for kind, n in pictures.items() if n]
    return (
        Line(
            Phrase("renovation.who.label"), details["company"] or Phrase(f"renovation.who.{details['who']}")
        ),
        Line(Phrase("renovation.foreman.label"), details["foreman"], private=True),
        Line(Phrase("renovation.phone.label"), phone, private=True),
        Line(Phrase("renovation.workers.label"), str(details["workers"])),
        Line(Phrase("renovation.card.dates"), span),
        Line(Phrase("renovation.works.label"), works(details)),
        Line(Phrase("renovation.structure.label"), structure),
        Line(Phrase("renovation.papers.label"), Phrase("engine.list", {"items": papers})),
        Line(Phrase("renovation.notes.label"), details["text"]),
        *_since(details),
    )


PAPERS = ("licence", "design", "papers", "consent")
"""The kinds of photos that are told apart."""


def _since(details: Mapping[str, Any]) -> Iterator[Line]:
    """What has come up since: the owner's consent, open findings, a wish for more time, the time of use."""
    if details["tenant"]:
        yield Line(Phrase("renovation.card.consent"), Phrase(f"renovation.consent_is.{_consent(details)}"))
    if unsettled := findings(details, *UNSETTLED):
        items = Phrase("renovation.card.listed", {"items": [_finding(one) for one in unsettled]})
        yield Line(Phrase("renovation.card.findings"), items)
    if wanted := whole(details.get("wanted")):
        yield Line(Phrase("renovation.card.wanted"), Phrase("engine.day", {"at": wanted}))
    if used := whole(details.get("use_until")):
        yield Line(Phrase("renovation.card.use_until"), Phrase("engine.day", {"at": used}))


def _consent(details: Mapping[str, Any]) -> str:
    consent = str(details.get("consent") or Consent.ASKED.value)
    return "unreachable" if consent == Consent.ASKED and details.get("owner") else consent


def _finding(one: Mapping[str, Any]) -> Phrase:
    matter = Phrase(f"renovation.matter.{one['state']}")
    return Phrase("renovation.card.finding", {"n": one["n"], "text": one["text"], "matter": matter})


class State(StrEnum):
    SUBMITTED = "submitted"
    MORE_NEEDED = "more_needed"
    APPROVED = "approved"
    UNDER_WAY = "under_way"
    SUSPENDED = "suspended"
    FINISHED = "finished"
    TO_MEND = "to_mend"
    USE_PERIOD = "use_period"
    FINAL_CHECK = "final_check"
    LAST_MENDING = "last_mending"
    DONE = "done"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    REVOKED = "revoked"


class RenovationOpinion(Opinion):
    """The resident's view of how the works were looked after."""

    name = "renovation.opinion"
    comment = Text(most=500).optional()

    def values(self) -> dict[str, Json]:
        return {**super().values(), "comment": self.comment}


def first_step(details: Mapping[str, Any]) -> str:
    """Of a tenant's works the owner is asked at once."""
    return "ask_owner" if details["tenant"] else ""


def may_begin(details: Mapping[str, Any]) -> bool:
    """Whether the owner agrees, where that is needed."""
    return not details["tenant"] or details.get("consent") in (Consent.GIVEN, Consent.PAPER)


def lacks_consent(details: Mapping[str, Any]) -> bool:
    return not may_begin(details)


def has_no_answer(details: Mapping[str, Any]) -> bool:
    """Whether asking the owner again could help."""
    return lacks_consent(details) and (
        details.get("consent") == Consent.DECLINED or bool(details.get("owner"))
    )


def is_day(details: Mapping[str, Any]) -> bool:
    return bool(details.get("ready"))


def is_early(details: Mapping[str, Any]) -> bool:
    return not is_day(details)


def is_unsettled(details: Mapping[str, Any]) -> bool:
    return bool(findings(details, *UNSETTLED))


def is_settled(details: Mapping[str, Any]) -> bool:
    return not is_unsettled(details)


def is_open(details: Mapping[str, Any]) -> bool:
    return bool(findings(details, Matter.OPEN))


def is_mended(details: Mapping[str, Any]) -> bool:
    return bool(findings(details, Matter.MENDED))


def asks_for_time(details: Mapping[str, Any]) -> bool:
    return bool(details.get("wanted"))


def asks_for_none(details: Mapping[str, Any]) -> bool:
    return not asks_for_time(details)


def asked_anew(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    return {"consent": Consent.ASKED.value, "owner": ""}


def on_paper(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    return {"pictures": {**details["pictures"], "consent": values.get("pictures", [])}}


def its_day(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    return {"ready": True}


def too_soon(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    return {"early": True}


def longer(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    return {"end": details["wanted"], "wanted": ""}


def not_longer(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    return {"wanted": ""}


def once_more(details: Mapping[str, Any], values: Mapping[str, Json]) -> dict[str, Json]:
    """How often the final check was passed: reopened works come to it again."""
    return {"passed": int(details.get("passed", 0)) + 1}


def permits(moved: Moved) -> Sequence[Consequence]:
    """A pass for each worker and the permit, good from the first day to the end of the last."""
    details, zone = moved.details, moved.now.tzinfo
    start = datetime.fromisoformat(details["start"])
    since = min(start, moved.now) if details.get("early") else start
    last = datetime.fromisoformat(details["end"]).date() + timedelta(days=1)
    until, count = datetime.combine(last, time(), zone), int(details["workers"])
    workers = (IssuePass("worker", since, until, f"{number}/{count}") for number in range(1, count + 1))
    return (*workers, IssuePass("permit", since, until))


def taken_back(moved: Moved) -> Sequence[Consequence]:
    return (EndPasses(),)


def used_up(moved: Moved) -> Sequence[Consequence]:
    return (EndPasses(used=True),)


def as_they_are(moved: Moved) -> Sequence[Consequence]:
    """Nothing new: the passes that are there are shown again."""
    return ()


def deposit_back(moved: Moved) -> Sequence[Consequence]:
    """Where there is a deposit, its way back begins with the first final check that is passed."""
    deposit = int(moved.details["deposit"])
    if not deposit or moved.details["passed"] > 1:
        return ()
    details: dict[str, Json] = {"what": "renovation", "deposit": deposit, "text": ""}
    return (OpenTicket("refund", moved.home, False, details, follows=moved.ticket),)


REVIEWERS = frozenset({Role.ASSISTANT, Role.DUTY_LEAD, Role.MANAGER})
INSPECTORS = REVIEWERS | {Role.GUARD}
DESK = REVIEWERS | {Role.DESK}
LEADS = frozenset({Role.DUTY_LEAD, Role.MANAGER})
OWNER, CLOCK = frozenset({Role.OWNER}), frozenset({Role.CLOCK})
TO_RESIDENT = frozenset({Audience.RESIDENT})
TO_GROUP = frozenset({Audience.GROUP})
FILED = frozenset({State.SUBMITTED, State.MORE_NEEDED})
PERMITTED = frozenset({State.APPROVED, State.UNDER_WAY, State.SUSPENDED})
INSPECTED = frozenset({State.UNDER_WAY, State.SUSPENDED, State.FINISHED, State.TO_MEND})
CHECKED = frozenset({State.FINISHED, State.TO_MEND, State.USE_PERIOD, State.FINAL_CHECK, State.LAST_MENDING})
BEFORE = ("respond", "opens", "begin", "permit_ends")
DURING = ("patrol", "permit_ends")


def _filing() -> Sequence[Action]:
    """From the filing to the permit."""
    return (
        Action(
            "ask_owner",
            by=CLOCK,
            frm=FILED,
            hidden=True,
            holds=True,
            tells=TO_RESIDENT | {Audience.OWNER},
            offers=("consent", "decline"),
        ),
        Action(
            "approve",
            by=REVIEWERS,
            frm=FILED,
            to=State.APPROVED,
            takes=True,
            given=may_begin,
            starts=("opens", "begin", "permit_ends"),
            stops=("respond",),
            tells=TO_RESIDENT,
            then=permits,
        ),
        Action(
            "more",
            by=REVIEWERS,
            frm=frozenset({State.SUBMITTED}),
            to=State.MORE_NEEDED,
            asks=Missing,
            takes=True,
            holds=True,
            tells=TO_RESIDENT,
            offers=("answer",),
        ),
        Action(
            "answer",
            by=RESIDENT,
            frm=frozenset({State.MORE_NEEDED}),
            to=State.SUBMITTED,
            asks=Answering,
            resumes=True,
            tells=frozenset({Audience.ASSIGNEE}),
        ),
        Action(
            "consent",
            by=OWNER,
            frm=FILED,
            asks=Consenting,
            given=lacks_consent,
            keeps=("consent",),
            resumes=True,
            tells=TO_RESIDENT | TO_GROUP,
        ),
        Action(
            "decline",
            by=OWNER,
            frm=FILED,
            asks=Declining,
            given=lacks_consent,
            keeps=("consent",),
            tells=TO_RESIDENT,
            offers=("ask_again", "cancel"),
        ),
        Action(
            "ask_again",
            by=RESIDENT | DESK,
            frm=FILED,
            given=has_no_answer,
            sets=asked_anew,
            tells=frozenset({Audience.OWNER}),
            offers=("consent", "decline"),
        ),
        Action(
            "paper",
            by=DESK,
            frm=FILED,
            asks=PaperConsent,
            given=lacks_consent,
            keeps=("consent",),
            sets=on_paper,
            resumes=True,
            tells=TO_RESIDENT,
        ),
    )


def _works() -> Sequence[Action]:
    """From the first day to the last."""
    return (
        Action(
            "ready",
            by=CLOCK,
            frm=frozenset({State.APPROVED}),
            sets=its_day,
            hidden=True,
            internal=True,
        ),
        Action(
            "start",
            by=RESIDENT | INSPECTORS,
            frm=frozenset({State.APPROVED}),
            to=State.UNDER_WAY,
            given=is_day,
            starts=("patrol",),
            stops=("begin",),
            tells=frozenset({Audience.NEIGHBOURS, Audience.ASSIGNEE}),
        ),
        Action(
            "start_early",
            by=REVIEWERS,
            frm=frozenset({State.APPROVED}),
            to=State.UNDER_WAY,
            given=is_early,
            sets=too_soon,
            starts=("patrol",),
            stops=("opens", "begin"),
            tells=TO_RESIDENT | {Audience.NEIGHBOURS},
            then=permits,
        ),
        Action(
            "finish",
            by=RESIDENT,
            frm=frozenset({State.UNDER_WAY}),
            to=State.FINISHED,
            starts=("check",),
            stops=DURING,
            tells=TO_GROUP,
        ),
        Action(
            "finding",
            by=INSPECTORS,
            frm=INSPECTED,
            asks=Finding,
            sets=found,
            tells=TO_RESIDENT,
            offers=("mended",),
        ),
        Action(
            "mended",
            by=RESIDENT,
            frm=INSPECTED,
            asks=Mended,
            given=is_open,
            sets=partial(stand, Matter.MENDED),
            tells=TO_GROUP,
        ),
        Action(
            "settle",
            by=INSPECTORS,
            frm=INSPECTED,
            asks=Settled,
            given=is_unsettled,
            sets=partial(stand, Matter.SETTLED),
            tells=TO_RESIDENT,
        ),
        Action(
            "not_yet",
            by=INSPECTORS,
            frm=INSPECTED,
            asks=NotYet,
            given=is_mended,
            sets=partial(stand, Matter.OPEN),
            tells=TO_RESIDENT,
            offers=("mended",),
        ),
        Action(
            "passes",
            by=RESIDENT,
            frm=frozenset({State.APPROVED, State.UNDER_WAY, State.TO_MEND}),
            tells=TO_RESIDENT,
            then=as_they_are,
            internal=True,
        ),
        Action(
            "extend",
            by=RESIDENT,
            frm=PERMITTED | {State.TO_MEND},
            asks=Extension,
            given=asks_for_none,
            keeps=("wanted",),
            tells=frozenset({Audience.ASSIGNEE}),
        ),
        Action(
            "agree",
            by=REVIEWERS,
            frm=PERMITTED | {State.TO_MEND},
            given=asks_for_time,
            sets=longer,
            starts=("permit_ends",),
            tells=TO_RESIDENT,
            then=permits,
        ),
        Action(
            "disagree",
            by=REVIEWERS,
            frm=PERMITTED | {State.TO_MEND},
            asks=Reason,
            given=asks_for_time,
            sets=not_longer,
            tells=TO_RESIDENT,
        ),
    )


def _checks() -> Sequence[Action]:
    """From the first check to the last."""
    return (
        Action(
            "pass",
            by=REVIEWERS,
            frm=frozenset({State.FINISHED, State.UNDER_WAY}),
            to=State.USE_PERIOD,
            asks=Check,
            given=is_settled,
            keeps=("use_until",),
            starts=("use",),
            stops=("check", *DURING),
            tells=TO_RESIDENT,
            then=used_up,
        ),
        Action(
            "mend",
            by=REVIEWERS,
            frm=frozenset({State.FINISHED}),
            to=State.TO_MEND,
            asks=Mending,
            stops=("check",),
            tells=TO_RESIDENT,
            offers=("remedied",),
        ),
        Action(
            "remedied",
            by=RESIDENT,
            frm=frozenset({State.TO_MEND}),
            to=State.FINISHED,
            asks=Remedied,
            starts=("check",),
            tells=TO_GROUP,
        ),
        Action(
            "used",
            by=CLOCK,
            frm=frozenset({State.USE_PERIOD}),
            to=State.FINAL_CHECK,
            starts=("check",),
            tells=TO_RESIDENT | TO_GROUP,
            hidden=True,
        ),
        Action(
            "final_pass",
            by=REVIEWERS,
            frm=frozenset({State.FINAL_CHECK}),
            to=State.DONE,
            asks=FinalCheck,
            sets=once_more,
            starts=("rating",),
            stops=("check",),
            tells=TO_RESIDENT,
            then=deposit_back,
        ),
        Action(
            "final_mend",
            by=REVIEWERS,
            frm=frozenset({State.FINAL_CHECK}),
            to=State.LAST_MENDING,
            asks=Mending,
            stops=("check",),
            tells=TO_RESIDENT,
            offers=("final_remedied",),
        ),
        Action(
            "final_remedied",
            by=RESIDENT,
            frm=frozenset({State.LAST_MENDING}),
            to=State.FINAL_CHECK,
            asks=Remedied,
            starts=("check",),
            tells=TO_GROUP,
        ),
    )


def _stops() -> Sequence[Action]:
    """Where it does not go on as it was permitted."""
    return (
        Action(
            "suspend",
            by=REVIEWERS,
            frm=frozenset({State.UNDER_WAY}),
            to=State.SUSPENDED,
            asks=Reason,
            stops=("patrol",),
            tells=TO_RESIDENT,
            then=taken_back,
        ),
        Action(
            "resume",
            by=REVIEWERS,
            frm=frozenset({State.SUSPENDED}),
            to=State.UNDER_WAY,
            starts=("patrol",),
            tells=TO_RESIDENT,
            then=permits,
        ),
        Action(
            "revoke",
            by=LEADS,
            frm=PERMITTED,
            to=State.REVOKED,
            asks=Reason,
            stops=(*BEFORE, *DURING),
            tells=TO_RESIDENT,
            then=taken_back,
        ),
        Action(
            "withdraw",
            by=DESK,
            frm=FILED | {State.APPROVED},
            to=State.CANCELLED,
            asks=Reason,
            stops=BEFORE,
            tells=TO_RESIDENT,
            then=taken_back,
        ),
    )


def _residents() -> Sequence[Action]:
    """What every resident may do; what is reopened comes to the final check again."""
    usual = resident_actions(
        waiting=FILED,
        working=PERMITTED | CHECKED,
        done=State.DONE,
        closed=State.CLOSED,
        cancelled=State.CANCELLED,
        reopened=State.FINAL_CHECK,
        opinion=RenovationOpinion,
        clocks=("respond",),
        promises=("check",),
    )
    return [replace(one, frees=False) if one.name == "reopen" else one for one in usual]


LIFECYCLE = Lifecycle(
    kind="renovation",
    purpose="renovation",
    rank=30,
    start=Renovation,
    states=State,
    first=State.SUBMITTED,
    final=frozenset({State.CLOSED, State.CANCELLED, State.REVOKED}),
    opening=("respond",),
    at_once=first_step,
    lines=lines,
    clocks=(
        Clock(
            "respond",
            timedelta(hours=12),
            timedelta(hours=4),
            (Stage(0.5, Audience.GROUP), Stage(1.0, Audience.DUTY_LEAD), Stage(2.0, Audience.MANAGER)),
            working=True,
        ),
        Clock(
            "check",
            timedelta(hours=24),
            timedelta(hours=4),
            (Stage(0.5, Audience.GROUP), Stage(1.0, Audience.DUTY_LEAD), Stage(2.0, Audience.MANAGER)),
            working=True,
        ),
    ),
    timers=(
        Timer("opens", at="start", calm=False, acts="ready"),
        Timer("begin", at="start", tells=TO_RESIDENT, offers=("start",)),
        Timer(
            "permit_ends", at="end", before=timedelta(days=7), tells=TO_RESIDENT, offers=("extend", "finish")
        ),
        Timer("patrol", again=timedelta(hours=24), tells=frozenset({Audience.ASSIGNEE})),
        Timer("use", at="use_until", acts="used"),
        RATING,
    ),
    actions=(
        *_filing(),
        *_works(),
        *_checks(),
        *_stops(),
        Action("take", by=INSPECTORS, frm=FILED | PERMITTED | CHECKED, takes=True),
        *_residents(),
    ),
)
