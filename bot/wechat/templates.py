"""Notices for whom we may not write to freely: a form of WeChat's is filled in, as the settings say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from bot.settings import WrongSetting
from bot.wechat.filling import filled, kind
from handlers.envelopes import Outgoing

SETTING = "WUBU_WECHAT_TEMPLATES"
EVERY = "*"
FACTS = ("number", "kind", "state", "staff", "home", "at", "text")
"""What a field may name in braces; `Outgoing.facts` gives the values."""


class Unusable(ValueError):
    """What is wrong with the file, in one line."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template of the account's, and for each of its fields the words with the facts they name."""

    id: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Form:
    """A template message, filled in; `fields` are those of template/send without the person."""

    fields: Mapping[str, Any]

    def to(self, chat: str) -> dict[str, Any]:
        """The call's payload; the same form for the same person is shown once in ten minutes, however often
        it is sent (WeChat docs: 发送模板消息, client_msg_id)."""
        same = json.dumps([chat, self.fields], sort_keys=True, ensure_ascii=False)
        identity = hashlib.sha256(same.encode()).hexdigest()[:32]
        return {"touser": chat, **self.fields, "client_msg_id": identity}


class Forms:
    """Which notice goes by which template: by its key, or by the one for every notice."""

    def __init__(
        self,
        templates: Mapping[str, Template] | None = None,
        *,
        url: str = "",
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._templates, self._url, self._now = templates or {}, url, now

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(template.id for template in self._templates.values())

    def has(self, notice: str) -> bool:
        return self._template(notice) is not None

    def form(self, message: Outgoing) -> Form | None:
        """The message as a form, if it is a notice and there is a template for it."""
        template = self._template(message.notice)
        if template is None:
            return None
        values, now = _values(message), self._now()
        data = {
            field: {"value": filled(field, words.format_map(values), now)}
            for field, words in template.fields.items()
        }
        link = {"url": self._url} if self._url else {}
        return Form({"template_id": template.id, **link, "data": data})

    def _template(self, notice: str) -> Template | None:
        return self._templates.get(notice) or self._templates.get(EVERY) if notice else None


def _values(message: Outgoing) -> dict[str, str]:
    return dict.fromkeys(FACTS, "") | {"text": message.text} | dict(message.facts)


def load(path: Path) -> Mapping[str, Template]:
    """The mapping in a YAML file. Raises WrongSetting with one line that says where it is wrong.

    ```yaml
    repair.told.accept:
      template: the id from the account's list of templates
      fields: {character_string1: "{number}", thing2: "{kind}", phrase3: "{state}", time4: "{at}"}
    "*":
      template: …
    ```
    """
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _templates(read)
    except OSError as error:
        why = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        why = "is not UTF-8"
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        why = f"line {line}: {error.problem or 'is not YAML'}"
    except (yaml.YAMLError, RecursionError):
        why = "is not YAML"
    except Unusable as error:
        why = str(error)
    raise WrongSetting(f"{SETTING}: {path}: {why}")


def _templates(read: Any) -> Mapping[str, Template]:
    if not isinstance(read, dict) or not read:
        raise Unusable("must map notices, such as repair.told.accept or '*', to templates")
    return {_key(notice): _template(notice, entry) for notice, entry in read.items()}


def _key(notice: Any) -> str:
    if not isinstance(notice, str):
        raise Unusable(f"{notice!r} is not the name of a notice")
    return notice


def _template(notice: str, entry: Any) -> Template:
    if not isinstance(entry, dict) or entry.keys() != {"template", "fields"}:
        raise Unusable(f"{notice}: needs 'template' and 'fields', and nothing else")
    identity, fields = entry["template"], entry["fields"]
    if not isinstance(identity, str) or not identity.strip():
        raise Unusable(f"{notice}: 'template' is the id of a template")
    if not isinstance(fields, dict) or not fields:
        raise Unusable(f"{notice}: 'fields' maps fields, such as thing1, to words")
    for field, words in fields.items():
        if why := _wrong(field, words):
            raise Unusable(f"{notice}: {field}: {why}")
    return Template(identity.strip(), fields)


def _wrong(field: Any, words: Any) -> str:
    if not isinstance(field, str) or kind(field) is None:
        return "no field of a template is called so"
    if not isinstance(words, str):
        return 'needs words in quotes, such as "{number}"'
    try:
        named = [
            (name, spec, turned) for _, name, spec, turned in Formatter().parse(words) if name is not None
        ]
    except ValueError as error:
        return str(error)
    for name, spec, turned in named:
        if name not in FACTS or spec or turned:
            return f"{{{name}}} is not one of {', '.join(FACTS)}"
    return ""
