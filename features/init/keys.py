"""What else does a history's section need to say: its scale, attributes and formats?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from features.init.guesses import Guess
from features.init.links import person_column
from features.init.matches import LIKE
from features.init.selects import Select, stacked
from features.init.tables import FEW, Table
from features.init.words import LATER, PRIVATE, likeness, tokens
from features.reading.text_guesses import FAMILIES
from features.sql_text import literal

_LONG = 90


@dataclass
class Plan:
    """How one history is read.

    Attributes
    ----------
    history : str
    selects : list of Select
        One per table; several are stacked.
    keys : dict of str to str
        Further keys of its section -> their TOML values.
    doubts : dict of str to str
        Our column or key, or "" for the whole -> why that is unsure.
    """

    history: str
    selects: list[Select]
    keys: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)

    @property
    def sql(self) -> str | None:
        """The query, where a path and a map of columns do not suffice."""
        if len(self.selects) == 1 and self.selects[0].plain:
            return None
        return stacked(self.selects)


def instrument(guess: Guess, select: Select, plan: Plan) -> None:
    """Tell the instrument of scores by their name or their scale."""
    if "instrument" in guess.columns:
        return
    look = guess.table.columns[guess.columns["score"]]
    high, words = look.high or 0, set(tokens(look.name))
    name = "csat" if high <= 5 else "ces" if high <= 7 else "nps"
    name = next((each for each in ("nps", "ces", "csat") if each in words), name)
    select.columns["instrument"] = literal(name)
    plan.doubts["instrument"] = f"'{look.name}' goes from {look.low:g} to {high:g}"


def static(guess: Guess, plan: Plan, main: tuple[Table, str] | None) -> None:
    """Take as static attributes the categories and numbers that are no names nor addresses."""
    used = set(guess.columns.values())
    names = []
    for look in guess.table.columns.values():
        few = look.kind in ("text", "flag") and 1 < look.distinct <= FEW
        private = likeness(look.name, PRIVATE) >= LIKE or set(tokens(look.name)) & set(LATER)
        number = look.kind == "number" and not {"id", "code"} & set(tokens(look.name))
        ours = look.name.casefold().endswith(("_day", "_at")) or look.name in used
        if (few or number) and not private and not ours and "zip" not in look.name.casefold():
            names.append(look.name)
    if names:
        listed = f"[{', '.join(map(literal_toml, names))}]"
        if len(listed) > _LONG:
            listed = "[\n" + "".join(f"  {literal_toml(name)},\n" for name in names) + "]"
        plan.keys["static"] = listed
        plan.doubts["static"] = (
            "keep only what was known when someone became a customer and never changed since"
        )
    if main is not None and (person := person_column(*main)) is not None:
        plan.doubts["customer_id"] = f"'{person}' seems to be the person behind '{main[1]}'"


def formats(guess: Guess, plan: Plan) -> None:
    """Tell what could be read two ways, as the engine would refuse to guess it."""
    for our, name in _mapped(guess, plan.selects[0]):
        look = guess.table.columns.get(name)
        if look is None:
            continue
        if look.times is not None and len(look.times.families) > 1:
            formats = [FAMILIES[each][0] for each in look.times.families if each in FAMILIES]
            plan.keys["time_format"] = literal_toml(formats[0])
            plan.doubts["time_format"] = (
                f"'{look.times.example}' in '{name}' may also be {' or '.join(formats[1:])}"
            )
        if our in ("amount", "monthly_amount") and name in guess.table.source.ambiguous:
            plan.keys["decimal"] = '"."'
            plan.doubts["decimal"] = (
                f"'{guess.table.source.ambiguous[name]}' may also be a thousand"
            )


def _mapped(guess: Guess, select: Select) -> Iterator[tuple[str, str]]:
    yield from guess.columns.items()
    yield from select.per_unit.items()


def literal_toml(text: str) -> str:
    """Return a text as TOML writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def lines_toml(key: str, text: str) -> list[str]:
    """Return the lines by which TOML writes a text of several lines."""
    # three quotes would end the text, and a backslash begins an escape
    inside = text.replace("\\", "\\\\").replace('"""', '""\\"')
    return [f'{key} = """', *inside.splitlines(), '"""']
