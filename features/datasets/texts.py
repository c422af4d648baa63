"""Which words do simulated tickets, survey comments and mentions hold? Short templates."""

from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from features.datasets.world import Floats, Ints

CATEGORIES = ("technical", "billing", "account", "how-to", "feature request")


@dataclass(frozen=True)
class Templates:
    """Texts in groups; a text of None is a null."""

    groups: tuple[tuple[str | None, ...], ...]

    @property
    def texts(self) -> tuple[str | None, ...]:
        """All texts, group after group."""
        return tuple(text for group in self.groups for text in group)

    def draw(self, rng: np.random.Generator, group: Ints) -> Ints:
        """Draw one text of each given group; returns positions in `texts`."""
        sizes = np.array([len(texts) for texts in self.groups])
        begins = np.array([0, *accumulate(sizes[:-1])])
        return np.asarray(begins[group] + (rng.random(len(group)) * sizes[group]).astype(np.int64))


def third(share: Floats) -> Ints:
    """Return which third of [0, 1] each share lies in: 0, 1 or 2.

    Examples
    --------
    >>> third(np.array([0.0, 0.5, 1.0]))
    array([0, 1, 2])
    """
    return np.asarray(np.minimum((share * 3).astype(np.int64), 2))


TICKETS = Templates(
    (
        (
            "The app logs me out every few minutes.",
            "Export stops with an error.",
            "Search is slow.",
        ),
        (
            "Export has been broken for days and nobody answers. Please escalate this.",
            "This is the third time I report the same crash. I want to speak to a manager.",
        ),
        ("I need a copy of my last invoice.", "Which VAT number do you have for us?"),
        (
            "You charged me twice again, and I still wait for my money. Please escalate.",
            "The invoice is wrong for the second month. Nobody has taken care of it.",
        ),
        ("How do I change my password?", "Please change the address on my account."),
        (
            "I have been locked out for a week and every agent asks the same questions.",
            "My colleagues lost their access and your team closed the case unsolved.",
        ),
        ("How do I share a report?", "Where can I find the templates?", "Can I use two screens?"),
        ("I asked this twice and got two different answers.",),
        ("A dark theme would be nice.", "Could reports be sent by mail every week?"),
        ("You promised this feature last year and we planned with it.",),
    )
)
"""Grouped by category, ordinary and bad in turn."""

COMMENTS = Templates(
    (
        (None,),
        ("Disappointed.", "Too slow, too often broken.", "Support kept me waiting."),
        ("It does the job.", "Fine, but a bit dear.", "Some parts are good."),
        ("Great product.", "Quick and friendly support.", "We use it every day."),
    )
)
"""None, then from unhappy to happy."""

MENTIONS = Templates(
    (
        ("Still waiting for support. Looking at alternatives.", "Not what it used to be."),
        ("Anybody here who uses it with a team?", "New release is out."),
        ("Saves me hours every week.", "Support solved it in ten minutes. Thank you!"),
    )
)
"""From unhappy to happy."""
