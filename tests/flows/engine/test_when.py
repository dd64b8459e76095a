"""Residents say when the technician may come; the visit they mean is found, or they are told why not."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from flows.engine.when import Unclear, Window, asap, spoken_date, understand, windows

NOW = datetime(2026, 11, 23, 10, 7, 30)  # noqa: DTZ001 — a Monday, in the community's local time
TODAY = NOW.date()

MEANT = """
明天 | 24 08:00-20:00
明天下午 | 24 14:00-18:00
明天上午 | 24 08:00-12:00
明日下午 | 24 14:00-18:00
明早 | 24 08:00-12:00
明早9点 | 24 09:00-11:00
明晚 | 24 18:00-20:00
明晚七点 | 24 19:00-20:00
后天上午10点半 | 25 10:30-12:30
後天上午10點半 | 25 10:30-12:30
大后天 | 26 08:00-20:00
大后天中午 | 26 12:00-14:00
三天后下午两点 | 26 14:00-16:00
一周后 | 30 08:00-20:00
今天下午 | 23 14:00-18:00
今天 | 23 10:08-20:00
今天上午 | 23 10:08-12:00
今天 19:30 | 23 19:30-20:00
今晚 | 23 18:00-20:00
今晚7点半 | 23 19:30-20:00
今天3点 | 23 15:00-17:00
下午 | 23 14:00-18:00
上午 | 23 10:08-12:00
中午 | 23 12:00-14:00
傍晚 | 23 17:00-19:00
3点 | 23 15:00-17:00
9点 | 24 09:00-11:00
15:00 | 23 15:00-17:00
１５：００ | 23 15:00-17:00
15点 | 23 15:00-17:00
9:30 | 24 09:30-11:30
十五点一刻 | 23 15:15-17:15
两点半 | 23 14:30-16:30
兩點半 | 23 14:30-16:30
两点三刻 | 23 14:45-16:45
三点二十 | 23 15:20-17:20
三点零五分 | 23 15:05-17:05
十二点 | 23 12:00-14:00
十一点 | 23 11:00-13:00
晚上六点三刻 | 23 18:45-20:00
中午12点 | 23 12:00-14:00
中午一点 | 23 13:00-15:00
下午3点以后 | 23 15:00-20:00
下午四点之前 | 23 10:08-16:00
明天下午3点前 | 24 08:00-15:00
中午以后 | 23 14:00-20:00
下午三四点 | 23 15:00-16:00
下午3、4点 | 23 15:00-16:00
周六 | 28 08:00-20:00
周六下午三点 | 28 15:00-17:00
週六下午三點 | 28 15:00-17:00
星期天早上 | 29 08:00-12:00
礼拜三 | 25 08:00-20:00
禮拜三下午 | 25 14:00-18:00
周三三点 | 25 15:00-17:00
周三十点 | 25 10:00-12:00
周五晚 | 27 18:00-20:00
周五晚6点 | 27 18:00-20:00
这周五 | 27 08:00-20:00
这个周五上午 | 27 08:00-12:00
本周日 | 29 08:00-20:00
下周一 | 30 08:00-20:00
下周一 9点到11点 | 30 09:00-11:00
下週一上午 | 30 08:00-12:00
下个星期一下午两点 | 30 14:00-16:00
周一 | 23 10:08-20:00
周一上午9点 | 30 09:00-11:00
周末 | 28 08:00-20:00
週末下午 | 28 14:00-18:00
这周末 | 28 08:00-20:00
25号下午 | 25 14:00-18:00
25號下午 | 25 14:00-18:00
廿五号 | 25 08:00-20:00
二十五号十点 | 25 10:00-12:00
三十号上午 | 30 08:00-12:00
11月25日 14:00-16:00 | 25 14:00-16:00
11月25日（周三）14:00—16:00 | 25 14:00-16:00
十一月二十五日下午 | 25 14:00-18:00
2026年11月25日15点 | 25 15:00-17:00
11-25 15:00 | 25 15:00-17:00
11.26下午 | 26 14:00-18:00
2小时后 | 23 12:07-14:07
两小时后 | 23 12:07-14:07
两个小时以后 | 23 12:07-14:07
半小时后 | 23 10:37-12:37
半个小时之后 | 23 10:37-12:37
一个半小时后 | 23 11:37-13:37
过两小时 | 23 12:07-14:07
90分钟后 | 23 11:37-13:37
明天9-11点 | 24 09:00-11:00
明天上午九点至十一点 | 24 09:00-11:00
明天上午10点到下午2点 | 24 10:00-14:00
明天下午2点到4点 | 24 14:00-16:00
明天11点到1点 | 24 11:00-13:00
明天7点到9点 | 24 08:00-09:00
明天 9~11 | 24 09:00-11:00
明天 3 | 24 15:00-17:00
明天上午或者下午都行 | 24 08:00-18:00
明天全天都在家 | 24 08:00-20:00
明天白天 | 24 08:00-18:00
明天下班后 | 24 18:00-20:00
明天周二下午 | 24 14:00-18:00
明天下午3点左右来修一下水龙头 | 24 15:00-17:00
师傅您好，明天下午方便吗？ | 24 14:00-18:00
今天不在家，明天上午吧 | 24 08:00-12:00
周六不行，周日下午可以 | 29 14:00-18:00
3号楼漏水，明天上午十点来 | 24 10:00-12:00
明天早一点来 | 24 08:00-20:00
聽日下午 | 24 14:00-18:00
tomorrow | 24 08:00-20:00
tomorrow 3pm | 24 15:00-17:00
tmr 3pm | 24 15:00-17:00
Tomorrow at 3 p.m. | 24 15:00-17:00
tomorrow at 3 | 24 15:00-17:00
tomorrow 10 | 24 10:00-12:00
tomorrow morning | 24 08:00-12:00
tomorrow pm | 24 14:00-18:00
day after tomorrow | 25 08:00-20:00
the day after tomorrow at noon | 25 12:00-14:00
in 2 hours | 23 12:07-14:07
in two hours | 23 12:07-14:07
in half an hour | 23 10:37-12:37
in an hour and a half | 23 11:37-13:37
2 hours from now | 23 12:07-14:07
in 3 days at 2pm | 26 14:00-16:00
in a week | 30 08:00-20:00
this afternoon | 23 14:00-18:00
this evening | 23 18:00-20:00
tonight | 23 18:00-20:00
7 tonight | 23 19:00-20:00
noon | 23 12:00-14:00
afternoon | 23 14:00-18:00
Friday | 27 08:00-20:00
Friday morning | 27 08:00-12:00
Fri 10am | 27 10:00-12:00
on Friday at half past two | 27 14:30-16:30
Friday quarter to three | 27 14:45-16:45
Friday quarter past 3 pm | 27 15:15-17:15
this Friday | 27 08:00-20:00
next Monday at 10 | 30 10:00-12:00
Monday next week, 10:30 | 30 10:30-12:30
9 in the morning on Thursday | 26 09:00-11:00
Nov 26 2:30 pm | 26 14:30-16:30
Nov 26, 2026 at 14:30 | 26 14:30-16:30
26 November 9-11am | 26 09:00-11:00
26th of November in the afternoon | 26 14:00-18:00
Thu 26 Nov, 14:00–16:00 | 26 14:00-16:00
the 26th, 4 o'clock | 26 16:00-18:00
26/11 | 26 08:00-20:00
11/26 3pm | 26 15:00-17:00
26/11/2026 3pm | 26 15:00-17:00
2026-11-25 15:00 | 25 15:00-17:00
2026/11/25 | 25 08:00-20:00
2026-11-25T15:00 | 25 15:00-17:00
from 2 to 4 tomorrow afternoon | 24 14:00-16:00
between 2 and 4pm tomorrow | 24 14:00-16:00
tomorrow 11 to 1pm | 24 11:00-13:00
tomorrow from 9 in the morning to 2 in the afternoon | 24 09:00-14:00
tomorrow 7-9 in the evening | 24 19:00-20:00
after 3pm tomorrow | 24 15:00-20:00
tomorrow before noon | 24 08:00-12:00
by 5 on Wednesday | 25 08:00-17:00
tomorrow after work | 24 18:00-20:00
weekend | 28 08:00-20:00
this weekend in the afternoon | 28 14:00-18:00
3.30pm | 23 15:30-17:30
three thirty tomorrow | 24 15:30-17:30
I am home tomorrow at 3 pm | 24 15:00-17:00
I'm not home today, tomorrow 3pm please | 24 15:00-17:00
14:00 (2pm) | 23 14:00-16:00
from noon to 2 | 23 12:00-14:00
noon to 4pm tomorrow | 24 12:00-16:00
tomorrow between 10am and noon | 24 10:00-12:00
tomorrow until 5 | 24 08:00-17:00
tomorrow 9am until 11 | 24 09:00-11:00
tomorrow after lunch | 24 14:00-18:00
明天下午3点到晚上 | 24 15:00-20:00
明天上午到下午3点 | 24 08:00-15:00
明天10点到中午 | 24 10:00-12:00
明天差一刻三点 | 24 14:45-16:45
明天下午：3点 | 24 15:00-17:00
今天晚些时候 | 23 10:08-20:00
双休日上午 | 28 08:00-12:00
25.11.2026 | 25 08:00-20:00
明天3点到5号楼 | 24 15:00-17:00
anytime tomorrow | 24 08:00-20:00
tomorrow 下午3点 | 24 15:00-17:00
"""

NOT_MEANT = """
 | not_a_time
你好 | not_a_time
水龙头漏水了 | not_a_time
3 | not_a_time
hello there | not_a_time
3-1201 | not_a_time
3号楼1201 | not_a_time
13800138000 | not_a_time
32号 | not_a_time
2月30日 | not_a_time
2026-02-30 | not_a_time
早一点来 | not_a_time
漏了一点水 | not_a_time
尽快 | not_a_time
as soon as possible | not_a_time
说明天花板漏水 | not_a_time
明天不行 | not_a_time
I know | not_a_time
昨天下午 | past
前天 | past
yesterday | past
今天9点 | past
今天上午9:30 | past
11月20日 | past
20号 | past
上周五 | past
last Friday | past
2020-01-01 10:00 | past
10月3日 | past
8月3日 | past
5月3日 | too_far
12月8日 | too_far
下周三 | too_far
下下周一 | too_far
next Friday | too_far
in 10 days | too_far
in a month | too_far
3月1日 | too_far
Jan 5 | too_far
2030-01-01 | too_far
9999小时后 | too_far
凌晨三点 | closed
今晚9点 | closed
23:00 | closed
03:00 | closed
明天早上六点 | closed
晚上八点三刻 | closed
晚上12点 | closed
midnight | closed
tomorrow 9pm | closed
12am tomorrow | closed
tomorrow 20:00 | closed
24:00 | closed
12小时后 | closed
明天21点到23点 | closed
下周 | ambiguous
next week | ambiguous
下周下午 | ambiguous
明天或后天 | ambiguous
周六或周日 | ambiguous
明天3点或5点 | ambiguous
明天16点到14点 | ambiguous
after Friday | ambiguous
周五之前 | ambiguous
明天周五 | ambiguous
"""


def table(text: str) -> list[tuple[str, str]]:
    lines = (line.rpartition("|") for line in text.strip("\n").splitlines())
    return [(phrase.strip(), answer.strip()) for phrase, _, answer in lines]


def shown(window: Window) -> str:
    return f"{window.start:%d %H:%M}-{window.end:%H:%M}"


def problem(text: str, now: datetime = NOW, days: int = 7) -> str:
    with pytest.raises(Unclear) as refused:
        understand(text, now, days=days)
    return refused.value.key


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_tables_are_long_enough_to_mean_something() -> None:
    phrases = [phrase for phrase, _ in table(MEANT) + table(NOT_MEANT)]
    assert len(table(MEANT)) >= 150
    assert len(phrases) == len(set(phrases)) >= 220
    assert {answer for _, answer in table(NOT_MEANT)} == {
        "not_a_time",
        "past",
        "too_far",
        "closed",
        "ambiguous",
    }


@pytest.mark.parametrize(("said", "meant"), table(MEANT))
def test_what_is_said_is_understood(said: str, meant: str) -> None:
    assert shown(understand(said, NOW)) == meant


@pytest.mark.parametrize(("said", "why"), table(NOT_MEANT))
def test_what_cannot_be_met_is_refused_with_the_reason(said: str, why: str) -> None:
    assert problem(said) == why


@pytest.mark.parametrize(
    ("now", "said", "meant"),
    [
        ("2026-12-31T21:00", "明天下午", "2027-01-01T14:00"),
        ("2026-12-30T12:00", "1月2日上午", "2027-01-02T08:00"),
        ("2026-12-30T12:00", "Jan 2 3pm", "2027-01-02T15:00"),
        ("2026-12-30T12:00", "2号", "2027-01-02T08:00"),
        ("2026-11-28T12:00", "1号上午", "2026-12-01T08:00"),
        ("2026-11-28T12:00", "下个月1号", "2026-12-01T08:00"),
        ("2026-01-29T12:00", "31号", "2026-01-31T08:00"),
        ("2028-02-27T12:00", "2月29日", "2028-02-29T08:00"),
        ("2028-02-28T12:00", "明天", "2028-02-29T08:00"),
        ("2027-02-28T12:00", "明天", "2027-03-01T08:00"),
        ("2028-02-29T12:00", "1号", "2028-03-01T08:00"),
    ],
)
def test_years_months_and_leap_days_end(now: str, said: str, meant: str) -> None:
    assert understand(said, at(now)).start == at(meant)


@pytest.mark.parametrize(
    ("now", "said", "meant"),
    [
        ("2026-11-28T09:00", "周六", "2026-11-28T09:00"),
        ("2026-11-28T09:00", "周六下午", "2026-11-28T14:00"),
        ("2026-11-28T19:45", "周六", "2026-12-05T08:00"),
        ("2026-11-28T16:00", "周六3点", "2026-12-05T15:00"),
        ("2026-11-28T16:00", "Saturday 3pm", "2026-12-05T15:00"),
        ("2026-11-28T19:45", "周末", "2026-11-29T08:00"),
        ("2026-11-29T09:00", "周末", "2026-11-29T09:00"),
        ("2026-11-29T09:00", "下周二", "2026-12-01T08:00"),
        ("2026-11-29T09:00", "next Tuesday at 10", "2026-12-01T10:00"),
        ("2026-11-29T09:00", "下周日", "2026-12-06T08:00"),
        ("2026-11-28T09:00", "this Friday", "2026-12-04T08:00"),
    ],
)
def test_weekdays_are_read_as_promised(now: str, said: str, meant: str) -> None:
    assert understand(said, at(now)).start == at(meant)


def test_a_weekday_of_this_week_that_is_gone_is_past() -> None:
    assert problem("这周五", at("2026-11-28T09:00")) == "past"


@pytest.mark.parametrize(
    ("now", "said", "meant"),
    [
        ("2026-11-23T15:10", "下午", "23 15:10-18:00"),
        ("2026-11-23T17:45", "下午", "24 14:00-18:00"),
        ("2026-11-23T17:45", "3点", "24 15:00-17:00"),
        ("2026-11-23T16:00", "15:00", "24 15:00-17:00"),
        ("2026-11-23T10:00", "今天9点到11点", "23 10:00-11:00"),
        ("2026-11-23T21:00", "晚上", "24 18:00-20:00"),
        ("2026-11-23T06:00", "早上", "23 08:00-12:00"),
        ("2026-11-23T15:00:40", "今天15:00", "23 15:00-17:00"),
    ],
)
def test_what_is_left_of_today_decides(now: str, said: str, meant: str) -> None:
    assert shown(understand(said, at(now))) == meant


def test_nothing_is_left_of_today_after_closing() -> None:
    late = at("2026-11-23T19:50")
    assert [problem(said, late) for said in ("今天", "今天下午", "today", "今晚")] == ["past"] * 4


def test_day_and_month_are_asked_only_when_both_could_be_booked() -> None:
    assert understand("11/12", at("2026-12-08T09:00")).start.date() == date(2026, 12, 11)
    assert understand("11/12", at("2026-11-10T09:00")).start.date() == date(2026, 11, 12)
    assert problem("11/12", at("2026-11-10T09:00"), days=40) == "ambiguous"
    assert understand("11/11", at("2026-11-10T09:00"), days=40).start.date() == date(2026, 11, 11)


def test_two_numbers_are_asked_when_they_could_be_a_date_or_hours() -> None:
    assert problem("11-12", at("2026-11-10T09:00")) == "ambiguous"
    assert shown(understand("9-11", NOW)) == "23 10:08-11:00"
    assert shown(understand("11-26", NOW)) == "26 08:00-20:00"
    assert shown(understand("14-16", NOW)) == "23 14:00-16:00"


def test_opening_hours_decide_which_seven_is_meant() -> None:
    early = at("2026-11-23T06:00")
    assert understand("7点", early, opens=time(6)).start.hour == 7
    assert understand("7点", early).start.hour == 19
    assert understand("7点", NOW, opens=time(6)).start.hour == 19
    assert understand("明天晚上11点", NOW, opens=time(0), closes=time(0)).end == at("2026-11-25T00:00")
    assert understand("明天凌晨", NOW, opens=time(0), closes=time(0)).end == at("2026-11-24T06:00")


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8)), ZoneInfo("Asia/Shanghai")])
def test_the_zone_of_now_is_the_zone_of_the_visit(zone: tzinfo) -> None:
    now = NOW.replace(tzinfo=zone)
    for said in ("明天下午", "in 2 hours", "3点", "今天"):
        window = understand(said, now)
        assert window.start.tzinfo is window.end.tzinfo is zone
        assert window.start.replace(tzinfo=None) == understand(said, NOW).start
    assert {window.start.tzinfo for window in windows(now)} == {zone}


def test_buttons_are_whole_visits_an_hour_ahead_within_a_week() -> None:
    offered = windows(NOW)
    assert shown(offered[0]) == "23 12:00-14:00"
    assert shown(offered[-1]) == "30 18:00-20:00"
    assert len(offered) == 4 + 7 * 6
    assert windows(at("2026-11-23T18:30"))[0].start == at("2026-11-24T08:00")
    assert windows(at("2026-11-23T07:00"))[0].start == at("2026-11-23T08:00")
    assert windows(NOW, length=timedelta(hours=13)) == ()


HURRY = """
尽快 | 越快越好 | 越早越好 | 马上 | 现在 | 立刻 | 盡快 | 儘快 | 馬上 | 現在 | 尽快！ | 现在就来
今天尽快 | 很急 | 快点来 | 赶紧 | 随时都可以 | asap | ASAP! | now | a.s.a.p. | as soon as possible
right now | right away please | any time | as soon as possible today | come at once | urgent | immediately
两小时内 | 半小时之内 | within 2 hours | 加急
"""

NO_HURRY = """
不急 | 不着急 | 不用马上 | 明天下午 | 现在不方便 | 两小时后 | 别急 | 尽快，最好明天上午 | 你好
not now | I know | snow | no hurry | 2 hours from now | tomorrow, any time | today at 3 asap
not urgent | it is not an emergency | nowhere | 应急灯坏了
"""


@pytest.mark.parametrize("said", re.split(r"[|\n]", HURRY.strip()))
def test_somebody_in_a_hurry_is_heard(said: str) -> None:
    assert asap(said)


@pytest.mark.parametrize("said", ["", *re.split(r"[|\n]", NO_HURRY.strip())])
def test_somebody_without_hurry_is_not_rushed(said: str) -> None:
    assert not asap(said)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("周六", "2026-11-28"),
        ("25号下午", "2026-11-25"),
        ("昨天开始漏水", "2026-11-22"),
        ("2030-01-01", "2030-01-01"),
        ("12月8日", "2026-12-08"),
        ("Friday at 3", "2026-11-27"),
        ("今晚", "2026-11-23"),
    ],
)
def test_the_day_alone_is_heard_wherever_it_lies(said: str, meant: str) -> None:
    assert spoken_date(said, NOW) == date.fromisoformat(meant)


@pytest.mark.parametrize("said", ["", "下午3点", "你好", "明天或后天", "2月30日", "下周", "11-12"])
def test_no_day_is_heard_where_none_is_said(said: str) -> None:
    assert spoken_date(said, NOW) is None


# --- days on which nobody works

OFF = frozenset({date(2026, 11, 23), date(2026, 11, 25)})


@pytest.mark.parametrize("text", ["周三下午", "Wednesday afternoon", "25号10点", "in two hours", "今天下午"])
def test_nobody_comes_on_a_day_off(text: str) -> None:
    with pytest.raises(Unclear) as no:
        understand(text, NOW, off=OFF)
    assert no.value.key == "day_off"


@pytest.mark.parametrize("text", ["下午3点", "3 pm"])
def test_an_hour_without_a_day_passes_over_a_day_off(text: str) -> None:
    assert understand(text, NOW, off=OFF).start == datetime(2026, 11, 24, 15)  # noqa: DTZ001
