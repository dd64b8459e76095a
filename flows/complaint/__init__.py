"""Something annoyed a resident: one person looks after it until the resident says that it is settled."""

from flows.complaint.table import LIFECYCLE

__all__ = ["LIFECYCLE"]
