"""Something large is to leave through the gate: a code for the guard, good for the hours of the move."""

from flows.release.table import LIFECYCLE

__all__ = ["LIFECYCLE"]
