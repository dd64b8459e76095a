"""One turn of a conversation: what was heard changes the draft, and something is said back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flows.engine.effects import Effect
from flows.engine.facts import Facts
from flows.engine.form import Draft, Flow
from flows.engine.messages import (
    Ask,
    Command,
    Heard,
    Json,
    Message,
    Phrase,
    Picked,
    Pressed,
    Rejected,
    Review,
    Said,
    Say,
    Sent,
    Unfit,
)
from flows.engine.questions import Photos, Question, Text


@dataclass(frozen=True, slots=True)
class Turn:
    """The outcome: the new draft (None when the conversation is over), what is said, what is to be done.

    `hint` is a short remark for the one who tapped; `in_place` says the tapped message itself changes.
    """

    draft: Draft | None
    messages: tuple[Message, ...] = ()
    effects: tuple[Effect, ...] = ()
    hint: Phrase | None = None
    in_place: bool = False


def begin(
    flow: type[Flow],
    facts: Facts,
    *,
    revision: int = 0,
    first: Sequence[Heard] = (),
    about: Mapping[str, Json] | None = None,
    answers: Mapping[str, Json] | None = None,
) -> Turn:
    """Start a flow, with what the resident already wrote and sent taken as its story."""
    draft = Draft(flow.name, dict(answers or {}), revision + 1, about=about or {})
    draft, refused = recall(flow, draft, first, facts)
    return _presented(flow, draft, facts, *refused)


def recall(
    flow: type[Flow], draft: Draft, earlier: Sequence[Heard], facts: Facts
) -> tuple[Draft, tuple[Say, ...]]:
    """The draft with what was said and sent before it in its story; and what had no room, and why."""
    refused: list[Say] = []
    for heard in earlier:
        try:
            draft = _kept(flow, draft, heard, facts) or draft
        except Rejected as rejected:
            refused.append(Say(rejected.phrase))
    return draft, tuple(refused)


def takes(flow: type[Flow], draft: Draft, heard: Heard, facts: Facts) -> bool:
    """Whether the question that is open is answered by this; a text takes anything, so it does not count."""
    form = flow(draft.answers, facts)
    question = _current(form, draft)
    if question is None or isinstance(question, Text):
        return False
    try:
        question.hear(heard, form)
    except Rejected:
        return False
    return True


def advance(flow: type[Flow], draft: Draft, heard: Heard, facts: Facts) -> Turn:
    """Take one turn. Pure: the same draft, words and facts always give the same outcome."""
    form = flow(draft.answers, facts)
    question = _current(form, draft)
    match heard:
        case Pressed(command=Command.CANCEL):
            return Turn(None, (Say(Phrase("engine.cancelled", {"flow": Phrase(f"{flow.name}.title")})),))
        case Pressed(revision=int(seen)) | Picked(revision=int(seen)) if seen != draft.revision:
            return _stale(flow, draft, facts, seen)
        case Pressed(command=Command.RESUME):
            return _presented(flow, draft, facts)
        case Pressed(command=Command.LEAVE) if draft.editing:
            return _moved(flow, draft, _left(draft), facts)
        case Pressed(command=Command.BACK):
            return _back(flow, draft, form, facts)
        case Pressed(command=Command.EDIT, argument=name) if question is None:
            return _edit(flow, draft, form, name, facts)
        case Pressed(command=Command.SUBMIT) if question is None:
            return Turn(None, (), tuple(form.submit()))
    if isinstance(heard, Sent):
        return _photo(flow, draft, form, heard, facts)
    return _answered(flow, draft, form, question, heard, facts)


def mend(flow: type[Flow], draft: Draft, said: Said, facts: Facts) -> Draft | None:
    """The draft with an edited message in its place, or None if the message was none of this draft's."""
    form = flow(draft.answers, facts)
    catcher = form.catcher()
    if catcher is None:
        return None
    try:
        stored = catcher.mend(said, form)
    except Rejected:
        return None
    return None if stored is None else draft.with_answer(catcher.name, stored)


def _current(form: Flow, draft: Draft) -> Question[Any] | None:
    if draft.editing:
        for question in form.applicable():
            if question.name == draft.editing:
                return question
    return form.open()


def _asked(flow: type[Flow], draft: Draft, facts: Facts) -> Question[Any] | None:
    return _current(flow(draft.answers, facts), draft)


def _answered(
    flow: type[Flow], draft: Draft, form: Flow, question: Question[Any] | None, heard: Heard, facts: Facts
) -> Turn:
    if question is None or (isinstance(heard, Picked) and heard.question != question.name):
        return _out_of_place(flow, draft, form, heard, Rejected("use_the_buttons"), facts)
    if isinstance(heard, Pressed) and heard.command is Command.SKIP and not question.required:
        return _moved(flow, draft, _accepted(draft, question, None), facts)
    try:
        stored = question.hear(heard, form)
    except Rejected as rejected:
        return _out_of_place(flow, draft, form, heard, rejected, facts)
    accepted = _accepted(draft, question, stored)
    return _moved(flow, draft, accepted, facts, *_remarks(flow(accepted.answers, facts), question))


def _remarks(form: Flow, question: Question[Any]) -> tuple[Say, ...]:
    if not form.answered(question):
        return ()
    remark = question.remark(form.answer(question), form)
    return () if remark is None else (Say(remark),)


def _accepted(draft: Draft, question: Question[Any], stored: Json) -> Draft:
    done = draft.with_answer(question.name, stored)
    still_open = isinstance(stored, dict) and stored.get("open") is True
    return done if still_open else replace(done, editing=None, before=None)


def _out_of_place(
    flow: type[Flow], draft: Draft, form: Flow, heard: Heard, rejected: Rejected, facts: Facts
) -> Turn:
    """What the question cannot take is kept where it belongs; only what belongs nowhere is refused."""
    said = rejected.phrase
    kept: Draft | None = None
    try:
        if isinstance(heard, Unfit):
            said = Phrase(f"unfit.{heard.kind}")
            kept = _captioned(flow, draft, heard, facts)
        elif said.key in _KEEPABLE and not _is_number(heard):
            kept = _kept(flow, draft, heard, facts)
            said = said if kept is None else Phrase("engine.added")
    except Rejected as full:
        said = full.phrase
    return _moved(flow, draft, kept or draft, facts, Say(said))


_KEEPABLE = {f"rejected.{key}" for key in ("not_an_option", "photo_wanted", "use_the_buttons")}


def _is_number(heard: Heard) -> bool:
    """A number that names none of the options is a slip, not a story."""
    return isinstance(heard, Said) and len(heard.text.strip()) <= 2 and heard.text.strip().isdecimal()


def _captioned(flow: type[Flow], draft: Draft, heard: Sent | Unfit, facts: Facts) -> Draft:
    """The draft with a caption in its story. Raises Rejected when it has no room."""
    kept = _kept(flow, draft, Said(heard.caption, heard.ref), facts) if heard.caption else None
    return kept or draft


def _kept(flow: type[Flow], draft: Draft, heard: Heard, facts: Facts) -> Draft | None:
    """The draft with what was heard added to the flow's story or photos; None if it has no place there.

    Raises Rejected when there is no room for it.
    """
    form = flow(draft.answers, facts)
    catcher, album = form.catcher(), _album(form, draft, heard) if isinstance(heard, Sent) else None
    if isinstance(heard, Sent) and album is not None:
        kept = draft.with_answer(album.name, album.add(heard, form))
        return _captioned(flow, kept, heard, facts)
    if isinstance(heard, Said) and catcher is not None:
        return draft.with_answer(catcher.name, catcher.add(heard, form))
    return None


def _photo(flow: type[Flow], draft: Draft, form: Flow, sent: Sent, facts: Facts) -> Turn:
    """A photo goes to the flow's photos whenever it comes; the rest of an album arrives without a word."""
    album = _album(form, draft, sent)
    begun = album is not None and album.begun(sent, form)
    first: tuple[Say, ...] = ()
    kept = draft
    try:
        if album is None:
            raise Rejected("no_photo_here")
        kept = draft.with_answer(album.name, album.add(sent, form))
        if not begun and _current(form, draft) is not album:
            first = (Say(Phrase("engine.photo_kept")),)
    except Rejected as rejected:
        first = (Say(rejected.phrase),)
    try:
        kept = _captioned(flow, kept, sent, facts)
    except Rejected as rejected:
        first = (*first, Say(rejected.phrase))
    if begun and not first and _current(flow(kept.answers, facts), kept) is _current(form, draft):
        return Turn(kept)
    return _moved(flow, draft, kept, facts, *first)


def _album(form: Flow, draft: Draft, sent: Sent) -> Photos | None:
    """Where a photo belongs: to its album, to the question that is open, else where the flow says."""
    asked = [question for question in form.applicable() if isinstance(question, Photos)]
    begun = next((question for question in asked if question.begun(sent, form)), None)
    current = _current(form, draft)
    return begun or (current if isinstance(current, Photos) else form.album())


def _back(flow: type[Flow], draft: Draft, form: Flow, facts: Facts) -> Turn:
    """The question before this one is put again; its answer stays as it is until there is another."""
    current = _current(form, draft)
    asked = form.applicable()
    earlier = asked[: asked.index(current)] if current is not None else asked
    if not earlier:
        return _presented(flow, draft, facts, Say(Phrase("engine.nothing_before")))
    return _moved(flow, draft, _reopened(_left(draft), earlier[-1], form), facts)


def _left(draft: Draft) -> Draft:
    """The draft without its edit, the old answer back in place."""
    if not draft.editing:
        return draft
    return replace(draft.with_answer(draft.editing, draft.before), editing=None, before=None)


def _reopened(draft: Draft, question: Question[Any], form: Flow) -> Draft:
    """The draft with one answer being changed; what was gathered for it stays."""
    before = form.stored(question)
    if isinstance(before, dict) and "open" in before:
        draft = draft.with_answer(question.name, {**before, "open": True})
    return replace(draft, editing=question.name, before=before)


def _edit(flow: type[Flow], draft: Draft, form: Flow, name: str, facts: Facts) -> Turn:
    question = next((one for one in form.applicable() if one.name == name), None)
    if question is None:
        return _presented(flow, draft, facts)
    return _moved(flow, draft, _reopened(draft, question, form), facts)


def _stale(flow: type[Flow], draft: Draft, facts: Facts, seen: int) -> Turn:
    """A button of an earlier step: a double tap is only remarked on, an older one brings the present step."""
    hint = Phrase("engine.stale")
    if seen == draft.revision - 1:
        return Turn(draft, hint=hint)
    return replace(_presented(flow, draft, facts), hint=hint)


def _moved(flow: type[Flow], old: Draft, new: Draft, facts: Facts, *first: Say) -> Turn:
    """Present the draft; the revision moves on only if the question did, so buttons shown stay good."""
    same = new is old or (old.editing == new.editing and _asked(flow, old, facts) is _asked(flow, new, facts))
    turn = _presented(flow, new if same else replace(new, revision=old.revision + 1), facts, *first)
    return replace(turn, in_place=same and not first)


def _presented(flow: type[Flow], draft: Draft, facts: Facts, *first: Say) -> Turn:
    """The draft with the question it stands at, or its review, or, without a review, its end."""
    form = flow(draft.answers, facts)
    question = _current(form, draft)
    if question is None:
        if not form.reviewed():
            return Turn(None, first, tuple(form.submit()))
        return Turn(draft, (*first, review(form, draft)))
    return Turn(draft, (*first, ask(form, draft, question)))


def ask(form: Flow, draft: Draft, question: Question[Any]) -> Ask:
    """The question as it is put: with its options, its commands and how far along it is."""
    asked = form.expected()
    step = asked.index(question) + 1
    commands = list(question.commands(form))
    if draft.editing:
        commands.append(Command.LEAVE)
    if step > 1:
        commands.append(Command.BACK)
    if form.cancellable:
        commands.append(Command.CANCEL)
    return Ask(
        flow=form.name,
        question=question.name,
        prompt=question.prompt(form),
        options=question.options(form),
        commands=tuple(commands),
        revision=draft.revision,
        step=step,
        steps=len(asked),
        wants_contact=question.wants_contact,
        wants_words=isinstance(question, Text),
        subject=str(form.facts.about.get("number", "")),
    )


def review(form: Flow, draft: Draft) -> Review:
    """All answers, ready to be sent."""
    return Review(form.name, Phrase(f"{form.name}.review"), form.shown(), draft.revision)


def standing(flow: type[Flow], draft: Draft, facts: Facts) -> Ask | Review | None:
    """What the draft is asking just now, to understand a reply by; None when nothing is open."""
    form = flow(draft.answers, facts)
    question = _current(form, draft)
    if question is not None:
        return ask(form, draft, question)
    return review(form, draft) if form.reviewed() else None
