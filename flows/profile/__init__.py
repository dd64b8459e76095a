"""A resident sees and corrects what is held of them, invites who lives with them, or moves out."""

from flows.profile.errand import ERRAND

__all__ = ["ERRAND"]
