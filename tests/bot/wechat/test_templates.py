"""Notices by form: the settings say which, every field gets what it may hold, a mistake is named."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import WrongSetting
from bot.wechat.filling import FILLERS, filled, kind
from bot.wechat.templates import FACTS, SETTING, Form, Forms, load
from handlers.envelopes import Outgoing, Picture

NOW = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)
FILE = """
repair.told.accept:
  template: T1
  fields:
    character_string1: "{number}"
    thing2: "{kind}：{home}"
    phrase3: "{state}"
    time4: "{at}"
    const5: 工单提醒
"*":
  template: T2
  fields: {thing1: "{text}"}
"""
TOLD = {
    "number": "HPY-2611-00042",
    "kind": "报修",
    "home": "3-1**1",
    "state": "已接单",
    "at": "2026-11-24 14:00",
}


def forms(tmp_path: Path, text: str = FILE, url: str = "") -> Forms:
    path = tmp_path / "templates.yaml"
    path.write_text(text, encoding="utf-8")
    return Forms(load(path), url=url, now=lambda: NOW)


def values(form: Form | None) -> dict[str, str]:
    assert form is not None
    return {field: entry["value"] for field, entry in form.fields["data"].items()}


def test_a_notice_is_filled_into_its_own_form(tmp_path: Path) -> None:
    form = forms(tmp_path, url="https://e.cn").form(Outgoing("x", notice="repair.told.accept", facts=TOLD))
    assert values(form) == {
        "character_string1": "HPY-2611-00042",
        "thing2": "报修：3-1**1",
        "phrase3": "已接单",
        "time4": "2026-11-24 14:00",
        "const5": "工单提醒",
    }
    assert form is not None
    payload = form.to("oAbc")
    assert (payload["touser"], payload["template_id"], payload["url"]) == ("oAbc", "T1", "https://e.cn")
    assert payload["client_msg_id"] == form.to("oAbc")["client_msg_id"] != form.to("oDef")["client_msg_id"]


def test_any_other_notice_goes_by_the_form_for_all(tmp_path: Path) -> None:
    known = forms(tmp_path)
    form = known.form(Outgoing("您的报修单已经完成，请您评价一下师傅的服务好吗", notice="repair.told.finish"))
    assert values(form) == {"thing1": "您的报修单已经完成，请您评价一下师傅的…"}
    assert form is not None
    assert "url" not in form.to("oAbc")
    assert known.has("anything")
    assert known.ids == {"T1", "T2"}


def test_what_is_no_notice_goes_by_no_form(tmp_path: Path) -> None:
    known = forms(tmp_path)
    assert known.form(Outgoing("哪里坏了？")) is None
    assert not known.has("")
    assert Forms().form(Outgoing("x", notice="repair.told.accept")) is None
    only = forms(tmp_path, '"a.b": {template: T, fields: {thing1: "{kind}"}}')
    assert only.form(Outgoing("x", notice="repair.told.accept")) is None


def test_what_is_not_known_has_a_dash_in_its_place(tmp_path: Path) -> None:
    form = forms(tmp_path).form(Outgoing("x", notice="repair.told.accept", pictures=(Picture(1),)))
    assert values(form) == {
        "character_string1": "-",
        "thing2": "：",
        "phrase3": "见详情",
        "time4": "2026-11-24 14:05",
        "const5": "工单提醒",
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must map notices"),
        ("- a", "must map notices"),
        ("1: {template: T, fields: {thing1: x}}", "1 is not the name of a notice"),
        ('"*": T', "*: needs 'template' and 'fields', and nothing else"),
        ('"*": {template: T}', "*: needs 'template' and 'fields', and nothing else"),
        ('"*": {template: "", fields: {thing1: x}}', "*: 'template' is the id of a template"),
        ('"*": {template: T, fields: []}', "*: 'fields' maps fields"),
        ('"*": {template: T, fields: {first: x}}', "*: first: no field of a template is called so"),
        ('"*": {template: T, fields: {thing: x}}', "*: thing: no field of a template is called so"),
        ('"*": {template: T, fields: {thing1: 5}}', '*: thing1: needs words in quotes, such as "{number}"'),
        ('"*": {template: T, fields: {thing1: "{phone}"}}', "*: thing1: {phone} is not one of number, kind"),
        ('"*": {template: T, fields: {thing1: "{kind.x}"}}', "*: thing1: {kind.x} is not one of"),
        ('"*": {template: T, fields: {thing1: "{kind!r}"}}', "*: thing1: {kind} is not one of"),
        ('"*": {template: T, fields: {thing1: "{kind"}}', "*: thing1: expected '}' before end of string"),
        (
            '"*": {template: T, fields: {thing1: {kind}}}',
            '*: thing1: needs words in quotes, such as "{number}"',
        ),
        ("a: [", "line 1: "),
    ],
)
def test_a_mistake_is_named_in_one_line(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(WrongSetting) as wrong:
        forms(tmp_path, text)
    said = str(wrong.value)
    assert said.startswith(f"{SETTING}: {tmp_path / 'templates.yaml'}: ")
    assert why in said
    assert "\n" not in said


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match=f"{SETTING}: .*: No such file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(WrongSetting, match="is not UTF-8"):
        load(tmp_path / "latin.yaml")


HAN = "[\u4e00-\u9fff]"
HELD = {
    "thing": r"[^\x00-\x1f]{1,20}",
    "short_thing": r"[^\x00-\x1f]{1,5}",
    "name": rf"{HAN}[{HAN[1:-1]}·]{{0,9}}|[A-Za-z .-]{{1,20}}",
    "phrase": rf"{HAN}{{1,5}}",
    "const": r".{0,20}",
    "number": r"\d{1,32}|(?=.{1,32}$)\d+\.\d+",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "character_string": r"[!-~]{1,32}",
    "phone_number": r"[\d+-]{1,17}",
    "car_number": rf"[A-Za-z0-9{HAN[1:-1]}]{{1,8}}",
    "time": r"(\d{4}(-\d{1,2}-\d{1,2} |年\d{1,2}月\d{1,2}日 ?))?\d{1,2}:\d{2}(:\d{2})?(~.+)?",
    "date": r"\d{4}(-\d{1,2}-\d{1,2}|年\d{1,2}月\d{1,2}日)( ?\d{1,2}:\d{2}(:\d{2})?)?(~.+)?",
    "amount": r"[¥￥$€£]?\d{1,10}(\.\d{1,2})?元?",
}
"""What WeChat takes, written down a second time."""
PIECES = st.sampled_from(
    (
        *"漏水abcXYZ019.-+:~ \n\t年月日元¥👍·'",
        "2026-11-24",
        "2026年1月2日",
        "14:05",
        "23:59:59",
        "👨‍👩‍👧",
        "１２",
    )
)


def test_every_kind_of_field_is_looked_at() -> None:
    assert HELD.keys() == FILLERS.keys()
    assert {kind(f"{name}1") for name in FILLERS} == set(FILLERS)
    assert [kind(name) for name in ("thing", "thing123", "first", "Thing1", "thing1 ", "")] == [None] * 6


@pytest.mark.parametrize("name", sorted(HELD))
@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=30).map("".join)))
def test_a_field_never_holds_what_it_may_not(name: str, value: str) -> None:
    held = filled(f"{name}12", value, NOW)
    assert re.fullmatch(HELD[name], held, re.ASCII), held


@pytest.mark.parametrize(
    ("field", "value", "held"),
    [
        ("thing1", "厨房水龙头漏水，下面的柜子已经湿透了，请尽快", "厨房水龙头漏水，下面的柜子已经湿透了，…"),
        ("thing1", "👨‍👩‍👧‍👦" * 3, "👨‍👩‍👧‍👦…"),
        ("thing1", "漏水\n两处", "漏水 两处"),
        ("phrase1", "待接单（超时）", "待接单超时"),
        ("phrase1", "Accepted", "见详情"),
        ("name1", "张师傅", "张师傅"),
        ("name1", "Wang Qiang 3", "Wang Qiang"),
        ("number1", "第 3.5 个", "3.5"),
        ("number1", "没有", "0"),
        ("amount1", "应付 1,234.50元", "1234.50元"),
        ("time1", "2026-11-24T14:05:00+08:00", "2026-11-24 14:05"),
        ("time1", "2026年11月24日 14:05 前", "2026年11月24日 14:05"),
        ("time1", "明天", "2026-11-24 14:05"),
        ("date1", "2026-11-25 09:00", "2026-11-25 09:00"),
        ("date1", "", "2026-11-24"),
        ("phone_number1", "+86 138 0000 0000", "+8613800000000"),
        ("car_number1", "沪A·12345", "沪A12345"),
        ("character_string1", "HPY-2611-00042（急）", "HPY-2611-00042"),
        ("const1", "", ""),
    ],
)
def test_a_field_holds_as_much_as_it_may(field: str, value: str, held: str) -> None:
    assert filled(field, value, NOW) == held


def test_the_documentation_of_the_file_names_every_fact() -> None:
    assert set(FACTS) == {"number", "kind", "state", "staff", "home", "at", "text"}
