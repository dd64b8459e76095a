"""In which language somebody is greeted, by what their phone or browser says of itself."""

from __future__ import annotations

import pytest

from handlers.inbound import locale_of
from handlers.roster import called
from handlers.texts import Texts
from models import Community, Staff

KNOWN = Texts.load().locales


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        ("", "zh_CN"),
        ("zh", "zh_CN"),
        ("zh-hans", "zh_CN"),
        ("zh-CN", "zh_CN"),
        ("zh-SG", "zh_CN"),
        ("zh-Hans-HK", "zh_CN"),
        ("zh-hant", "zh_TW"),
        ("zh-TW", "zh_TW"),
        ("zh_TW", "zh_TW"),
        ("zh-HK", "zh_TW"),
        ("zh-MO", "zh_TW"),
        ("zh-Hant-TW", "zh_TW"),
        ("en", "en"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("tw", "en"),
    ],
)
def test_a_language_tag_finds_its_locale(tag: str, locale: str) -> None:
    assert locale_of(tag, KNOWN) == locale


def test_what_is_not_there_is_replaced_by_what_is_nearest() -> None:
    assert locale_of("zh-TW", ("zh_CN", "en")) == "zh_CN"
    assert locale_of("pt-AO", ("zh_CN", "en", "pt_BR")) == "pt_BR"
    assert locale_of("fr", ("zh_CN",)) == "zh_CN"


def test_english_names_are_for_readers_of_english_alone() -> None:
    person = Staff(name="王建国", name_en="Wang Jianguo")
    place = Community(name="湖畔花园", name_en="Lakeside Garden")
    assert {locale: called(person, locale) for locale in KNOWN} == {
        "zh_CN": "王建国",
        "en": "Wang Jianguo",
        "zh_TW": "王建国",
    }
    assert {locale: place.called(locale) for locale in KNOWN} == {
        "zh_CN": "湖畔花园",
        "en": "Lakeside Garden",
        "zh_TW": "湖畔花园",
    }
