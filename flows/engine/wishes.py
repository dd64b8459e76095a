"""Which hours of the day a resident wishes: "下午三点", "9 to 11 in the morning", "before noon", or any."""

from collections.abc import Sequence
from datetime import timedelta

from flows.engine.calendar_words import Clock, Day, Daypart, Mark, Number, Pair, Part, Word, either_order
from flows.engine.visits import DAY, Unclear, Visits, Wish

_SPANS = {
    Part.DAWN: (0, 6),
    Part.MORNING: (6, 12),
    Part.NOON: (12, 14),
    Part.AFTERNOON: (14, 18),
    Part.DUSK: (17, 19),
    Part.EVENING: (18, 22),
    Part.DAYTIME: (8, 18),
    Part.ALL_DAY: (0, 24),
}
_LEADS = {Mark.AT, Mark.FROM, Mark.BEFORE, Mark.AFTER}
_FOLLOWS = {Mark.BEFORE_IT: Mark.BEFORE, Mark.AFTER_IT: Mark.AFTER}


def settled(words: Sequence[Word], visits: Visits) -> list[Word]:
    """The words, with numbers that can only be an hour or a date made one. Raises Unclear("ambiguous")."""
    paired: list[Word] = []
    for at, word in enumerate(words):
        paired += _pair(word, words, at, visits) if isinstance(word, Pair) else [word]
    return _lone_numbers(with_hours(paired))


def with_hours(words: Sequence[Word]) -> list[Word]:
    """The words, with numbers made hours where the words beside them say so: "at 3", "9 to 11 am"."""
    known: list[Word] = []
    for at, word in enumerate(words):
        word = _meant(word, known)
        is_hour = isinstance(word, Number) and word.value <= 24 and _is_hour(known, words[at + 1 : at + 3])
        known.append(Clock(word.value) if isinstance(word, Number) and is_hour else word)
    return known


def wishes(words: Sequence[Word], visits: Visits) -> list[Wish]:
    """What was wished for, the likeliest reading first. Raises Unclear("ambiguous")."""
    clocks = [(at, word) for at, word in enumerate(words) if isinstance(word, Clock)]
    match clocks:
        case []:
            return [_part_of_day(words)]
        case [(at, clock)] if Mark.TO in words and (spans := _part_and_hour(clock, words, at)):
            return spans
        case [(first, start), (second, end)] if _joined(words, first, second):
            return _spans(_start_hours(start, words, first), _end_hours(end, words, first, second))
        case _:
            readings = [set(_single_hours(clock, words, at)) for at, clock in clocks]
            agreed = sorted(set.intersection(*readings))
            return [_beside(words, clocks[0][0], hour) for hour in _in_opening_hours(agreed, visits)]


def _meant(word: Word, before: Sequence[Word]) -> Word:
    """ "And" joins hours only after "between"; "until" with no hour before it is "before"."""
    if word is Mark.AND and Mark.FROM in before:
        return Mark.TO
    if word is Mark.UNTIL:
        return Mark.TO if before and isinstance(before[-1], Clock | Daypart | Number) else Mark.BEFORE
    return word


def _is_hour(before: Sequence[Word], after: Sequence[Word]) -> bool:
    match [*before[-3:]]:
        case [*_, Mark() as lead] if lead in _LEADS:
            return True
        case [*_, Clock(), Mark.TO] | [Clock() | Mark.FROM, Daypart(), Mark.TO]:
            return True
    return len(after) == 2 and after[0] is Mark.TO and isinstance(after[1], Clock)


def _lone_numbers(words: list[Word]) -> list[Word]:
    """ "Tomorrow 3", "周五 9到11": numbers with nothing else beside the day are hours."""
    others = [word for word in words if not isinstance(word, Day | Daypart)]
    match others:
        case [Number(hour)] | [Number(hour), Mark.TO, Number()] if len(others) < len(words) and hour <= 24:
            return [Clock(min(word.value, 24)) if isinstance(word, Number) else word for word in words]
        case _:
            return words


def _pair(pair: Pair, words: Sequence[Word], at: int, visits: Visits) -> list[Word]:
    meant = either_order(pair.first, pair.second)
    is_date = any(meant.fits(day, visits.today) for day in visits.bookable())
    if pair.dotted:
        is_time = pair.first <= 24 and 10 <= pair.second < 60
        return [Clock(pair.first, pair.second)] if is_time and not is_date else [meant]
    led = at > 0 and words[at - 1] in _LEADS
    timed = any(isinstance(word, Clock) for word in words) or (is_date and pair.padded)
    if max(pair.first, pair.second) > 24 or (timed and not led):
        return [meant]
    if is_date and not led:
        raise Unclear("ambiguous")
    return [Clock(pair.first), Mark.TO, Clock(pair.second)]


def _part_and_hour(clock: Clock, words: Sequence[Word], at: int) -> list[Wish]:
    """From a part of the day to an hour or back: "noon to 4 pm", "下午三点到晚上"; [] when it is neither."""
    joint = words.index(Mark.TO)
    if joint < at and (before := _parts(words[:joint])):
        start = timedelta(hours=_SPANS[before[0]][0])
        return _spans([start], _hours(clock, _parts(words[joint:at]) or _parts(words[at + 1 :])[:1]))
    if joint > at and (after := _parts(words[joint:])):
        first, last = _SPANS[after[-1]]
        end = timedelta(hours=first if after[-1] is Part.NOON else last)
        return _spans(_start_hours(clock, words, at), [end])
    return []


def _in_opening_hours(hours: list[timedelta], visits: Visits) -> list[timedelta]:
    if not hours:
        raise Unclear("ambiguous")
    return [hour for hour in hours if visits.opening <= hour <= visits.closing] or hours


def _joined(words: Sequence[Word], first: int, second: int) -> bool:
    return Mark.TO in words[first + 1 : second]


def _beside(words: Sequence[Word], at: int, hour: timedelta) -> Wish:
    match _mark_at(words, at):
        case Mark.AFTER | Mark.FROM:
            return Wish(hour, DAY)
        case Mark.BEFORE:
            return Wish(timedelta(), hour)
        case _:
            return Wish(hour)


def _mark_at(words: Sequence[Word], at: int) -> Mark | None:
    """The mark of the hour there: right behind it, or before it and the day it goes with."""
    behind = words[at + 1] if at + 1 < len(words) else None
    if isinstance(behind, Mark) and behind in _FOLLOWS:
        return _FOLLOWS[behind]
    ahead = next((word for word in reversed(words[:at]) if not isinstance(word, Day | Daypart)), None)
    return ahead if isinstance(ahead, Mark) and ahead in _LEADS else None


def _part_of_day(words: Sequence[Word]) -> Wish:
    spans = {at: _SPANS[word.part] for at, word in enumerate(words) if isinstance(word, Daypart)}
    if not spans:
        _refuse_before_or_after(words)
        return Wish(timedelta(), DAY)
    since = timedelta(hours=min(start for start, _ in spans.values()))
    until = timedelta(hours=max(end for _, end in spans.values()))
    match _mark_at(words, max(spans)):
        case Mark.AFTER:
            return Wish(until, DAY)
        case Mark.BEFORE:
            return Wish(timedelta(), since)
        case _:
            return Wish(since, until)


def _refuse_before_or_after(words: Sequence[Word]) -> None:
    """ "After Friday" and "周五之前" name no day."""
    for at, word in enumerate(words):
        if isinstance(word, Day) and _mark_at(words, at) in {Mark.BEFORE, Mark.AFTER}:
            raise Unclear("ambiguous")


def _start_hours(clock: Clock, words: Sequence[Word], at: int) -> list[timedelta]:
    return _hours(clock, _parts(words[at + 1 : at + 2]) or _parts(words[:at])[-1:])


def _end_hours(clock: Clock, words: Sequence[Word], first: int, at: int) -> list[timedelta]:
    parts = _parts(words[first + 2 : at])[-1:] or _parts(words[at + 1 :])[:1]
    return [hour or DAY for hour in _hours(clock, parts)]


def _single_hours(clock: Clock, words: Sequence[Word], at: int) -> list[timedelta]:
    behind = words[at + 1 : at + 2]
    trailing = [word.part for word in behind if isinstance(word, Daypart) and word.trailing]
    return _hours(clock, trailing or _parts(words[:at])[-1:] or _parts(words[at + 1 :])[:1])


def _parts(words: Sequence[Word]) -> list[Part]:
    return [word.part for word in words if isinstance(word, Daypart)]


def _spans(starts: list[timedelta], ends: list[timedelta]) -> list[Wish]:
    """The shortest spans the readings allow: "11 to 1" is 11–13, "2 to 4 pm" is 14–16."""
    latest: dict[timedelta, timedelta] = {}
    for start in starts:
        later = [end for end in ends if end > start]
        if later:
            latest[min(later)] = start
    if not latest:
        raise Unclear("ambiguous")
    return [Wish(start, end) for end, start in latest.items()]


def _hours(clock: Clock, parts: list[Part]) -> list[timedelta]:
    minutes = timedelta(minutes=clock.minute)
    return [timedelta(hours=hour) + minutes for hour in _hour(clock, parts[0] if parts else None)]


def _hour(clock: Clock, part: Part | None) -> list[int]:
    hour = clock.hour
    if hour > 12:
        return [hour]
    if clock.half:
        return [hour % 12 + (12 if clock.half == "pm" else 0)]
    match part:
        case Part.DAWN:
            return [hour % 12]
        case Part.MORNING:
            return [hour]
        case Part.NOON:
            return [hour + 12 if hour <= 3 else hour]
        case Part.AFTERNOON | Part.DUSK:
            return [hour % 12 + 12]
        case Part.EVENING:
            return [hour + 12 if hour > 4 else hour]
        case _:
            return [hour] if clock.padded or hour == 0 else [hour, hour + 12]
