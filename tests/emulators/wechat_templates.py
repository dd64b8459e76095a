"""Templates of notices: every field has a type, and every type has its limits.

WeChat docs: 模板消息, 参数限制 (类目模板). Where copies of the table differ, the stricter one holds.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.emulators.tencent_errors import JSON, Refused
from tests.emulators.wechat_errors import refused

_DATE = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{1,2}-\d{1,2})"
_HOUR = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
_TIME = rf"({_DATE} ?)?{_HOUR}"
_DAY = rf"{_DATE}( ?{_HOUR})?"
_HANZI = "[\u4e00-\u9fff]"


def like(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


RULES: Mapping[str, Callable[[str], bool]] = {
    "thing": like(r"[^\x00-\x1f]{1,20}"),
    "short_thing": like(r"[^\x00-\x1f]{1,20}"),
    "const": like(r"[^\x00-\x1f]{1,20}"),
    "number": like(r"(?=.{1,32}$)\d+(\.\d+)?"),
    "letter": like(r"[A-Za-z]{1,32}"),
    "symbol": like(r"[^\w\s]{1,5}"),
    "character_string": like(r"[\x21-\x7e]{1,32}"),
    "time": like(rf"{_TIME}( ?~ ?{_TIME})?"),
    "date": like(rf"{_DAY}( ?~ ?{_DAY})?"),
    "amount": like(r"[¥￥$€£]?\d{1,10}(\.\d{1,2})?元?"),
    "phone_number": like(r"[\d+\-() ]{1,17}"),
    "car_number": like(r"\w{1,8}"),
    "name": like(rf"{_HANZI}{{1,10}}|[A-Za-z .·-]{{1,20}}|(?=.{{1,10}}$)[\w .·-]+"),
    "phrase": like(rf"{_HANZI}{{1,5}}"),
}


@dataclass(frozen=True, slots=True)
class Template:
    """`fields`: its keywords and their labels, {"thing1": "工单名称"}; `values`: those a const may have."""

    id: str
    title: str
    fields: Mapping[str, str]
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    long_term: bool = False

    def as_dict(self) -> JSON:
        lines = [f"{label}:{{{{{name}.DATA}}}}" for name, label in self.fields.items()]
        about = {"template_id": self.id, "title": self.title, "content": "\n".join(lines)}
        return about | {"primary_industry": "", "deputy_industry": "", "example": ""}

    def facts(self, data: object, *, strict: bool) -> dict[str, str]:
        """Label and value of each field; `strict`: 47003 names the first that is missing or wrong."""
        given = data if isinstance(data, dict) else {}
        return {label: self._value(name, given.get(name), strict) for name, label in self.fields.items()}

    def _value(self, name: str, given: object, strict: bool) -> str:
        value = given.get("value") if isinstance(given, dict) else None
        if not strict:
            return str(value or "")
        if not isinstance(value, str) or not value:
            raise _invalid(name, "is empty")
        if not self._allowed(name, value):
            raise _invalid(name, "invalid")
        return value

    def _allowed(self, name: str, value: str) -> bool:
        rule = RULES[kind_of(name)]
        return rule(value) and (name not in self.values or value in self.values[name])


def _invalid(name: str, what: str) -> Refused:
    return refused(47003, f"data.{name}.value {what}")


def kind_of(name: str) -> str:
    return name.rstrip("0123456789")


@dataclass(slots=True)
class Templates:
    """Those of the account: service notices (模板消息) and subscription notices (订阅通知)."""

    service: dict[str, Template] = field(default_factory=dict)
    subscription: dict[str, Template] = field(default_factory=dict)

    def add(self, template: Template) -> Template:
        return self._put(self.service, template)

    def add_subscription(self, template: Template) -> Template:
        return self._put(self.subscription, template)

    def _put(self, shelf: dict[str, Template], template: Template) -> Template:
        for name in template.fields:
            if kind_of(name) not in RULES:
                raise ValueError(f"no type of field: {name}")
        shelf[template.id] = template
        return template


def find(shelf: Mapping[str, Template], template_id: object) -> Template:
    if not isinstance(template_id, str) or not template_id:
        raise refused(40036)
    if template_id not in shelf:
        raise refused(40037)
    return shelf[template_id]


def new_template_id() -> str:
    return secrets.token_urlsafe(32)
