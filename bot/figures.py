"""The figures: what `/metrics` counts and `/readyz` shows, without a word of any person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from handlers.backlog import SHOWN_STATES, Backlog
from handlers.people.census import Census

registry = CollectorRegistry()
handled = Counter(
    "wubu_messages", "Inbound messages by channel and outcome.", ["channel", "outcome"], registry=registry
)
seconds = Histogram(
    "wubu_message_seconds",
    "From arrival to the reply sent.",
    ["channel"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=registry,
)
fired = Counter("wubu_due", "Due things done, by outcome.", ["outcome"], registry=registry)
_waiting = Gauge("wubu_outbox_rows", "Outbox rows by state.", ["state"], registry=registry)
_lags = Gauge("wubu_lag_seconds", "Age of the oldest waiting thing.", ["queue"], registry=registry)
_dead = Gauge("wubu_dead_letters", "Messages given up after three tries.", registry=registry)
_residents = Gauge(
    "wubu_residents",
    "Residents with a home: all, reachable, with a complete record.",
    ["which"],
    registry=registry,
)


def exposition(current: Backlog, people: Census) -> bytes:
    """Everything in Prometheus' text format."""
    for which, count in (
        ("all", people.residents),
        ("reachable", people.reachable),
        ("complete", people.complete),
    ):
        _residents.labels(which).set(count)
    for state in SHOWN_STATES:
        _waiting.labels(state).set(current.outbox.get(state, 0))
    lags = {
        "inbox": current.inbox_lag,
        "outbox": current.outbox_lag,
        "budget": current.budget_lag,
        "due": current.due_lag,
        "tick": current.heartbeat,
    }
    for queue, lag in lags.items():
        _lags.labels(queue).set(lag)
    _dead.set(current.dead_letters)
    return generate_latest(registry)
