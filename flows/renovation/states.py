"""The states of a renovation, and who may do what in which of them."""

from __future__ import annotations

from enum import StrEnum

from flows.engine.lifecycle import Role


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


REVIEWERS = frozenset({Role.ASSISTANT, Role.DUTY_LEAD, Role.MANAGER})
INSPECTORS = REVIEWERS | {Role.GUARD}
DESK = REVIEWERS | {Role.DESK}
LEADS = frozenset({Role.DUTY_LEAD, Role.MANAGER})
FILED = frozenset({State.SUBMITTED, State.MORE_NEEDED})
PERMITTED = frozenset({State.APPROVED, State.UNDER_WAY, State.SUSPENDED})
INSPECTED = frozenset({State.UNDER_WAY, State.SUSPENDED, State.FINISHED, State.TO_MEND})
CHECKED = frozenset({State.FINISHED, State.TO_MEND, State.USE_PERIOD, State.FINAL_CHECK, State.LAST_MENDING})
BEFORE = ("respond", "opens", "begin", "permit_ends")
DURING = ("patrol", "permit_ends")
