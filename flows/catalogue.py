"""Every service there is: a module in this folder that holds a lifecycle is one; nothing lists them."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import flows
from flows.engine.form import Flow
from flows.engine.lifecycle import Lifecycle


@cache
def lifecycles() -> dict[str, Lifecycle]:
    """Every service's table, by its kind, in the order of the modules' names."""
    found = {}
    for module in pkgutil.iter_modules(flows.__path__):
        table = getattr(importlib.import_module(f"flows.{module.name}"), "LIFECYCLE", None)
        if isinstance(table, Lifecycle):
            found[table.kind] = table
    return found


@cache
def all_flows() -> dict[str, type[Flow]]:
    """Every flow a draft can be in, by its name: those that open tickets and those that actions ask for."""
    found: dict[str, type[Flow]] = {}
    for table in lifecycles().values():
        asked = (action.asks for action in table.actions if action.asks is not None)
        found |= {flow.name: flow for flow in (table.start, *asked)}
    return found
