"""Are two customers the same one, their ids written otherwise: in two tables, or within one?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

_ENOUGH = 0.5
_SAMPLE, _KNOWN = 20_000, 1_000_000


@dataclass(frozen=True)
class OtherSpelling:
    """How one table writes the ids of another.

    Attributes
    ----------
    ours, theirs : str
        One customer's id in either table.
    share : float
        Share of our ids that are found among theirs when both are written alike.
    remedy : str
        What to do about it.
    """

    ours: str
    theirs: str
    share: float
    remedy: str

    def sentence(self, table: str) -> str:
        """Return what to tell the reader of a check."""
        return (
            f"{table} writes customer ids otherwise: '{self.ours}' where others write "
            f"'{self.theirs}' ({self.share:.0%} of its ids agree when written alike); {self.remedy}"
        )


def _unpadded(text: str) -> str:
    return text.lstrip("0") or "0"


_WAYS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "case": str.casefold,
        "decimals": lambda text: text.removesuffix(".0"),
        "zeros": _unpadded,
        "marks": lambda text: re.sub(r"[\W_]+", "", text).casefold(),
        "digits": lambda text: _unpadded("".join(re.findall(r"\d+", text))),
    }
)


def other_spelling(ours: Iterable[str], theirs: Iterable[str]) -> OtherSpelling | None:
    """Find out whether ids that another table does not know are known there in another spelling.

    Parameters
    ----------
    ours : iterable of str
        Ids that are not among `theirs`; the first 20,000 are looked at.
    theirs : iterable of str

    Returns
    -------
    OtherSpelling or None
        The mildest change that makes most of them agree; None where none does.

    Examples
    --------
    >>> print(other_spelling(["1", "2", "17"], ["001", "002", "017"]).remedy)
    write them alike, such as columns.customer_id = "lpad(id::varchar, 3, '0')", where id is the
    column of the file
    >>> other_spelling(["x"], ["001"]) is None
    True
    """
    mine, known = list(dict.fromkeys(ours))[:_SAMPLE], list(theirs)
    for way, change in _WAYS.items():
        alike = {change(each): each for each in known if change(each)}
        pairs = [(each, alike[change(each)]) for each in mine if change(each) in alike]
        # two people whose ids become one are not the same person
        apart = len({change(each) for each, _ in pairs})
        if mine and apart > _ENOUGH * len(mine):
            return OtherSpelling(*pairs[0], apart / len(mine), _remedy(way, *pairs[0]))
    return None


def about_strangers(tables: Mapping[str, ir.Table], name: str, share: float) -> str:
    """Return what to say of a history most of whose customers no other one knows.

    Parameters
    ----------
    tables : mapping of str to Ibis table
        Of `features.histories.Histories`; at most a million ids of the others are looked at.
    name : str
        The history.
    share : float
        Of its customers.
    """
    # a list of customers, too, can tell which of two histories writes their ids otherwise
    others = [tables[each].select("customer_id") for each in tables if each != name]
    known = ibis.union(*others, distinct=True)
    ours = tables[name].select("customer_id").distinct()
    strangers = _ids(ours.anti_join(known, "customer_id").order_by("customer_id").limit(_SAMPLE))
    if len(strangers) > _ENOUGH * len(_ids(ours.limit(_SAMPLE))):
        found = other_spelling(strangers, _ids(known.limit(_KNOWN)))
        if found is not None:
            return found.sentence(name)
    return (
        f"{name}: {share:.0%} of its customers are in no other history that shows who stays; look "
        "whether their ids are written alike"
    )


def about_own_spellings(name: str, table: ir.Table) -> str | None:
    """Return what to say of a history whose ids differ in nothing but blanks, zeros or case.

    Parameters
    ----------
    name : str
        The history.
    table : Ibis table
        Its rows.
    """
    ids = table.select("customer_id").distinct()
    alike = ids.group_by(key=_alike(ids.customer_id)).aggregate(
        ways=ids.count(), one=ids.customer_id.min(), other=ids.customer_id.max()
    )
    several = alike.filter(alike.ways > 1)
    found = several.order_by("key").limit(1).to_pyarrow().to_pylist()
    if not found:
        return None
    many = several.count().to_pyarrow().as_py()
    ours, theirs = sorted((found[0]["one"], found[0]["other"]), key=lambda each: (-len(each), each))
    spelled = other_spelling([ours], [theirs])
    remedy = spelled.remedy if spelled else "write them alike in the column of the file"
    customers = "1 customer seems" if many == 1 else f"{many:,} customers seem"
    return (
        f"{name}: {customers} to be written in several ways, such as '{ours}' and '{theirs}', and "
        f"each way counts as a customer of its own; if they are the same, {remedy}"
    )


def _alike(text: ir.StringValue) -> ir.StringValue:
    bare = text.re_replace(r"^\s+|\s+$", "").re_replace("[.]0$", "")
    return bare.re_replace("^0+", "").lower()


def _ids(table: ir.Table) -> list[str]:
    return [str(each) for each in table.to_pyarrow()["customer_id"].to_pylist()]


def _remedy(way: str, ours: str, theirs: str) -> str:
    wanted = {
        "case": "lower(id)" if theirs.islower() else "upper(id)",
        "decimals": "regexp_replace(id, '[.]0$', '')",
        "zeros": f"lpad(id::varchar, {len(theirs)}, '0')",
        "marks": "regexp_replace(id, '[^A-Za-z0-9]', '', 'g')",
        "digits": _prefixed(theirs),
    }[way]
    if way == "zeros" and len(ours) > len(theirs):
        wanted = "ltrim(id, '0')"
    if way == "decimals" and theirs.endswith(".0"):
        wanted = "id || '.0'"
    return (
        f'write them alike, such as columns.customer_id = "{wanted}", where id is the column '
        "of the file"
    )


def _prefixed(theirs: str) -> str:
    digits = re.search(r"\d+", theirs)
    if digits is None or digits[0] == theirs:
        return "regexp_replace(id, '[^0-9]', '', 'g')"
    before, after = theirs[: digits.start()], theirs[digits.end() :]
    middle = "regexp_replace(id::varchar, '[^0-9]', '', 'g')"
    parts = [f"'{before}'" if before else "", middle, f"'{after}'" if after else ""]
    return " || ".join(filter(None, parts))
