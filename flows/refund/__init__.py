"""A deposit comes back: looked at, waited for, decided, paid, and confirmed by the one who gets it."""

from flows.refund.table import LIFECYCLE

__all__ = ["LIFECYCLE"]
