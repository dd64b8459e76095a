"""Every service there is: a module or a folder here with a lifecycle or an errand; nothing lists them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import TypeAlias

import flows
from flows.engine.form import Flow
from flows.engine.lifecycle import Errand, Lifecycle

Service: TypeAlias = Lifecycle | Errand


@cache
def services() -> dict[str, Service]:
    """Every service by its kind, in the order of the menu."""
    return {one.kind: one for one in sorted(_found(), key=lambda one: (one.rank, one.kind))}


def _found() -> Iterator[Service]:
    for module in pkgutil.iter_modules(flows.__path__):
        loaded = importlib.import_module(f"flows.{module.name}")
        for name in ("LIFECYCLE", "ERRAND"):
            service = getattr(loaded, name, None)
            if isinstance(service, Lifecycle | Errand):
                yield service


@cache
def lifecycles() -> dict[str, Lifecycle]:
    """Every table by its kind, in the order of the menu."""
    return {kind: one for kind, one in services().items() if isinstance(one, Lifecycle)}


@cache
def menu() -> tuple[str, ...]:
    """The kinds that a resident can choose from."""
    return tuple(kind for kind, one in services().items() if one.in_menu)


@cache
def all_flows() -> dict[str, type[Flow]]:
    """Every flow a draft can be in, by its name: those of the menu and those that actions ask for."""
    found: dict[str, type[Flow]] = {}
    for service in services().values():
        if isinstance(service, Errand):
            others: tuple[type[Flow], ...] = service.flows
        else:
            others = tuple(action.asks for action in service.actions if action.asks is not None)
        found |= {flow.name: flow for flow in (service.start, *others)}
    return found
