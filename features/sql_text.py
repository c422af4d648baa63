"""How are names and texts written in SQL?"""

from __future__ import annotations


def quote(name: str) -> str:
    """Return an SQL identifier.

    Examples
    --------
    >>> quote('Customer ID')
    '"Customer ID"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return an SQL text literal.

    Examples
    --------
    >>> literal("don't")
    "'don''t'"
    """
    return "'" + text.replace("'", "''") + "'"
