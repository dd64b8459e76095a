"""What a renovation's card shows; the resident reads it, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flows.engine.lifecycle import Line
from flows.engine.messages import Phrase
from flows.renovation.details import whole, works
from flows.renovation.findings import UNSETTLED, findings
from flows.renovation.permit import Consent


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
