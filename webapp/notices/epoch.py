"""Instants as numbers, where a database has so many that to read them as such takes seconds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class epoch(GenericFunction[int]):  # noqa: N801 - a function of SQL
    """An instant in whole seconds since 1970."""

    type = Integer()
    inherit_cache = True


@compiles(epoch)
def _epoch(call: Any, compiler: Any, **kw: Any) -> str:
    instant = compiler.process(call.clauses, **kw)
    if compiler.dialect.name == "sqlite":
        return f"CAST(strftime('%s', {instant}) AS INTEGER)"
    return f"CAST(floor(extract(epoch FROM {instant})) AS BIGINT)"
