"""Whatever is typed, a visit that can be kept or a reason comes back; every visit shown is understood."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.engine.when import Unclear, Window, asap, spoken_date, understand, windows

KEYS = {"not_a_time", "past", "too_far", "ambiguous", "closed"}
DAYS = """
今天 明天 后天 大后天 昨天 周六 下周一 下下周 上周五 这周五 周末 下周 下个月 25号 31号 三天后 十一月三十一
tomorrow today Friday weekend next_Monday last_week 26th Nov_26 11/26 11-26 2026-11-25 9999-12-31 2月29日
"""
HOURS = """
上午 下午 晚上 中午 傍晚 凌晨 3点 三点半 十五点一刻 两小时后 半小时后 下午3点 9点到11点 三点以后 １５：００
3pm 12am noon morning in_2_hours half_past_2 from_2_to_4 9-11 3.30 after_3pm before_noon at_7 24:00 9:5
"""
OTHERS = """
和 或 从 到 至 点 月 号 周 半 以后 之前 in to at half past quarter this next 00 0天后 ٣ ② ½ İ ß - — ~ ,
。 ： 不行 不在 not can't day_after_tomorrow 9999小时后 99_hours_later
"""
FRAGMENTS = [*(word.replace("_", " ") for word in f"{DAYS} {HOURS} {OTHERS}".split()), "\n", "\x00", " "]

moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 1)) | st.datetimes(  # noqa: DTZ001
    datetime(2000, 1, 1),  # noqa: DTZ001
    datetime(2100, 12, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")]),
)
texts = (
    st.text(max_size=40)
    | st.lists(st.sampled_from(FRAGMENTS), max_size=5).map("".join)
    | st.tuples(st.sampled_from(DAYS.split()), st.sampled_from(HOURS.split())).map(
        lambda said: " ".join(said).replace("_", " ")
    )
)
opening = st.integers(0, 11).map(lambda hour: time(hour, 30 * (hour % 2)))
closing = st.integers(12, 24).map(lambda hour: time(hour % 24))
lengths = st.sampled_from([30, 45, 60, 90, 120, 180]).map(lambda minutes: timedelta(minutes=minutes))


def test_whatever_is_typed_a_visit_that_can_be_kept_or_a_reason_comes_back() -> None:
    reached = Counter[str]()

    @settings(max_examples=600, deadline=None)
    @given(texts, moments, st.integers(0, 40), opening, closing, lengths)
    def typed(text: str, now: datetime, days: int, opens: time, closes: time, length: timedelta) -> None:
        assert asap(text) in {True, False}
        assert spoken_date(text, now) is None or isinstance(spoken_date(text, now), date)
        try:
            window = understand(text, now, days=days, opens=opens, closes=closes, length=length)
        except Unclear as no:
            reached[no.key] += 1
        else:
            reached["window"] += 1
            assert_can_be_kept(window, now, days, opens, closes)

    typed()
    assert set(reached) == KEYS | {"window"}, reached
    assert reached["window"] >= 30, reached


def assert_can_be_kept(window: Window, now: datetime, days: int, opens: time, closes: time) -> None:
    start, end = window.start, window.end
    assert start.tzinfo is end.tzinfo is now.tzinfo
    assert start < end
    assert now <= end
    assert now - start < timedelta(minutes=1)
    assert 0 <= (start.date() - now.date()).days <= days
    assert start.time() >= opens
    if closes == time(0):
        assert end <= datetime.combine(start.date() + timedelta(days=1), time(0), now.tzinfo)
    else:
        assert end.date() == start.date()
        assert end.time() <= closes


def test_every_visit_offered_is_understood_when_it_is_said_in_words() -> None:
    reached = Counter[str]()

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(moments, opening, closing, lengths, st.data())
    def said(now: datetime, opens: time, closes: time, length: timedelta, data: st.DataObject) -> None:
        offered = windows(now, opens=opens, closes=closes, length=length)
        for window in data.draw(st.lists(st.sampled_from(offered), max_size=3)) if offered else ():
            for form, phrase in phrases(window, now):
                reached[form] += 1
                again = understand(phrase, now, opens=opens, closes=closes, length=length)
                assert again == window, (phrase, again, window)

    said()
    assert len(reached) >= 30
    assert min(reached.values()) > 0
    assert {form.split(",")[0] for form in reached} >= {
        "weekday zh",
        "weekday en",
        "tomorrow",
        "明天",
        "today",
        "今天",
    }


def phrases(window: Window, now: datetime) -> Iterator[tuple[str, str]]:
    """Every usual way to write the day, with every usual way to write the hours, in the same language."""
    for language, days in (("zh", chinese_days(window.start, now)), ("en", english_days(window.start, now))):
        hours = chinese_hours(window) if language == "zh" else english_hours(window)
        for day_form, day in days.items():
            for hour_form, hour in (hours | plain_hours(window)).items():
                yield f"{day_form}, {hour_form}", f"{day} {hour}"


def chinese_days(day: datetime, now: datetime) -> dict[str, str]:
    ahead = (day.date() - now.date()).days
    names = {0: "今天", 1: "明天", 2: "后天", 3: "大后天"}
    weekday = "一二三四五六日"[day.weekday()]
    forms = {
        "zh": f"{day.month}月{day.day}日",
        "zh year": f"{day.year}年{day.month}月{day.day}日",
        "zh weekday": f"{day.month}月{day.day}日（周{weekday}）",
        "zh numerals": f"{chinese(day.month)}月{chinese(day.day)}号",
        "zh day": f"{day.day}号",
        "zh days later": f"{ahead}天后" if ahead else "今日",
    }
    if ahead < 7:
        forms["weekday zh"] = f"星期{weekday}"
    if ahead in names:
        forms[names[ahead]] = names[ahead]
    return forms


def english_days(day: datetime, now: datetime) -> dict[str, str]:
    ahead = (day.date() - now.date()).days
    names = {0: "today", 1: "tomorrow", 2: "day after tomorrow"}
    forms = {
        "iso": f"{day:%Y-%m-%d}",
        "slash": f"{day:%m/%d}",
        "slash day first": f"{day.day}/{day.month}/{day.year}",
        "en": f"{day:%b} {day.day}",
        "en long": f"{day:%A}, {day:%B} {day.day}, {day.year}",
        "en day first": f"{day:%a} {day.day} {day:%b},",
        "en ordinal": f"{day.day}th",
    }
    if ahead < 7:
        forms["weekday en"] = f"{day:%A}"
    if ahead in names:
        forms[names[ahead]] = names[ahead]
    return forms


def plain_hours(window: Window) -> dict[str, str]:
    start, end = window.start, window.end
    return {
        "padded": f"{start:%H:%M}",
        "padded span": f"{start:%H:%M}-{end:%H:%M}",
        "en dash": f"{start:%H:%M}–{end:%H:%M}",
        "full width": f"{start:%H：%M} ～ {end:%H：%M}",
    }


def chinese_hours(window: Window) -> dict[str, str]:
    start, end = window.start, window.end
    return {
        "点": f"{part(start)}{start.hour % 12 or start.hour}点{start.minute or ''}",
        "点 span": f"{start.hour}点{start.minute:02}分到{end.hour}点{end.minute:02}分",
        "点 numerals": f"{part(start)}{chinese(start.hour % 12 or start.hour)}点{spoken_minute(start)}",
        "时": f"{start.hour}时{start.minute:02}分",
    }


def english_hours(window: Window) -> dict[str, str]:
    start, end = window.start, window.end
    return {
        "am pm": f"{start:%I:%M %p}",
        "a.m.": f"at {start.hour % 12 or 12}:{start:%M} {start:%p}".replace("AM", "a.m.").replace(
            "PM", "p.m."
        ),
        "am pm span": f"{start:%I:%M%p}-{end:%I:%M%p}".lower(),
        "from to": f"from {start:%I:%M %p} to {end:%I:%M %p}",
    }


def part(start: datetime) -> str:
    return "上午" if start.hour < 12 else "下午" if start.hour < 18 else "晚上"


def spoken_minute(start: datetime) -> str:
    return {0: "", 15: "一刻", 30: "半", 45: "三刻"}[start.minute]


def chinese(number: int) -> str:
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    if not tens:
        return digits[number]
    return f"{digits[tens] if tens > 1 else ''}十{digits[ones] if ones else ''}"
