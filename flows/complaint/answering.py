"""What the moves of a complaint ask for: a proposal, an objection, a yes by voice, the end, a visit."""

from __future__ import annotations

from flows.engine.messages import Json
from flows.engine.questions import (
    Photos,
    Slot,
    Text,
)
from flows.ticket import (
    ActionFlow,
)


class Proposal(ActionFlow):
    """What will be done, and by when; the resident says whether that is all right."""

    name = "complaint.propose"
    proposal = Text(least=2, most=1000)
    until = Slot(asap=False)

    def values(self) -> dict[str, Json]:
        window = self.until.window
        until = None if window is None else window.end.isoformat()
        return {"note": self.proposal, "proposal": self.proposal, "until": until}


class Objection(ActionFlow):
    """Why the resident does not agree."""

    name = "complaint.disagree"
    note = Text(least=2, most=1000, catches=True)
    photos = Photos()


class Assent(ActionFlow):
    """The resident agreed on the phone or face to face; when and in what words."""

    name = "complaint.assent"
    note = Text(least=2, most=500)


class Settlement(ActionFlow):
    """Why it happened and what will prevent a repeat, for colleagues; a closing word, for the resident."""

    name = "complaint.settle"
    cause = Text(least=2, most=1000)
    prevention = Text(least=2, most=1000)
    note = Text(least=2, most=1000)


class Report(ActionFlow):
    """How the resident finds it some days later."""

    name = "complaint.visited"
    visited = Text(least=2, most=1000)

    def values(self) -> dict[str, Json]:
        return {"note": self.visited, "visited": self.visited}
