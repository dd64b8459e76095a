"""A home is renovated: filing and permit, a look in now and then, two checks, and the deposit back."""

from flows.renovation.table import LIFECYCLE

__all__ = ["LIFECYCLE"]
