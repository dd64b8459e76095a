"""Runs the steps on the connection it is given, inside the transaction that is already open there."""

from __future__ import annotations

from alembic import context

from models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
)
context.run_migrations()
