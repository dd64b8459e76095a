"""Words lead to a service: what is carried out of the gate is a release, who moves away changes a record."""

from __future__ import annotations

import pytest

from handlers.routing import leads_to
from tests.locales.shelf import TEXTS

GOODS = (
    "搬走一台冰箱",
    "我要搬走一台冰箱",
    "冰箱要搬走",
    "旧沙发明天搬出小区",
    "我们要把钢琴运走",
    "搬家，有一些家具要出门岗",
    "两箱书带出去，要放行条",
    "周六搬家公司来",
    "I want to move a fridge out",
    "moving my old sofa out on Saturday",
    "Can I take two boxes out through the gate?",
    "I'm moving out and have furniture to carry out",
    "The movers come on Friday",
    "we are taking the washing machine away tomorrow",
)
PEOPLE = (
    "我要搬走了",
    "我要搬走",
    "搬家",
    "我们下个月搬家了",
    "退租",
    "房子到期了，不租了，下周搬出",
    "我一个人搬走",
    "I am moving out",
    "I'm moving out next month",
    "we moved out last week",
    "My tenant moves out on Sunday",
    "moving house",
    "I want to end my lease",
)
OTHERS = {
    "退租，押金什么时候退": "refund",
    "厨房漏水": "repair",
    "楼上搬家太吵": "complaint",
    "I moved out, when do I get my deposit back": "refund",
    "the fridge is broken": "repair",
    "take the rude guard away": "complaint",
}


@pytest.mark.parametrize("said", GOODS)
def test_goods_and_a_verb_of_carrying_out_lead_to_item_release(said: str) -> None:
    assert leads_to(said, TEXTS) == "release"


@pytest.mark.parametrize("said", PEOPLE)
def test_who_moves_out_is_led_to_their_own_record(said: str) -> None:
    assert leads_to(said, TEXTS) == "profile"


@pytest.mark.parametrize(("said", "kind"), OTHERS.items())
def test_what_insists_or_says_more_keeps_its_words(said: str, kind: str) -> None:
    assert leads_to(said, TEXTS) == kind


@pytest.mark.parametrize("said", ["我买了一台冰箱", "the sofa", "get out"])
def test_a_thing_or_a_deed_alone_leads_nowhere(said: str) -> None:
    assert leads_to(said, TEXTS) is None
