"""What does a customer say of the company in public, how often, and in what mood?"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from features.aggregates import per_ring, windows_of
from features.baskets import how_often, percent_of
from features.known import KEYS, known_at
from features.seen import Seen, column_names, filled_columns, top_values
from features.windows import WINDOWS

MOOD_WINDOWS = (91, 364)
LONGEST = max(WINDOWS)
TOP_NETWORKS = 5


def mentions_seen(table: ir.Table) -> Seen:
    """Most frequent networks, and whether the company records the sentiment.

    Parameters
    ----------
    table : ibis Table
        The rows of `mentions` known before the last training cutoff.
    """
    return {
        "network": top_values(table, "network", TOP_NETWORKS),
        "filled": filled_columns(table, ("sentiment",)),
    }


def mentions_features(table: ir.Table, cutoffs: Sequence[int], seen: Seen) -> ir.Table:
    """Mention features, one row per customer and cutoff with a known mention.

    Parameters
    ----------
    table : ibis Table
        The normalised `mentions`; a sentiment below 0 is negative, above 0 positive.
    cutoffs : sequence of int
        Day numbers.
    seen : Seen
        From `mentions_seen`.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff_day` and the columns that `features.vocabulary` describes.
    """
    rows = _newest_first(known_at("mentions", table, cutoffs))
    sums = rows.group_by(KEYS).aggregate(**_sums(rows, seen))
    features = windows_of("count", WINDOWS, sums) | {"days_since_last": sums.newest + 1}
    names = column_names(seen["network"])
    features |= {
        f"network_{name}_{LONGEST}d": sums[f"network_{number}"] for number, name in enumerate(names)
    }
    if seen["filled"]:
        features |= _moods(sums)
    return sums.select(*KEYS, **{f"mentions_{name}": value for name, value in features.items()})


def _newest_first(rows: ir.Table) -> ir.Table:
    """Number each customer's mentions with a sentiment, and put the last one's beside them."""
    own = ibis.window(
        group_by=[*KEYS, rows.sentiment.isnull()],
        # of two mentions at one instant the worse comes last: any fixed order would do
        order_by=[rows.day.desc(), rows.posted_at.desc(), rows.sentiment],
    )
    return rows.mutate(
        mentions_after=ibis.row_number().over(own), lowest=rows.sentiment.min().over(own)
    )


def _sums(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    found = {"newest": rows.age.min()}
    found |= per_ring("count", WINDOWS, how_often, rows)
    for number, value in enumerate(seen["network"]):
        same = (rows.age < LONGEST) & (rows.network == value)
        found[f"network_{number}"] = how_often(same)
    if not seen["filled"]:
        return found
    negative, positive = rows.sentiment < 0, rows.sentiment > 0
    found |= {
        "last": rows.sentiment.max(where=rows.mentions_after == 0),
        "newest_negative": rows.age.min(where=negative),
    }
    for days in MOOD_WINDOWS:
        recent = rows.age < days
        found[f"moods_{days}d"] = rows.sentiment.count(where=recent)
        found[f"sentiment_{days}d"] = rows.sentiment.sum(where=recent).round(6)
        found[f"negative_{days}d"] = how_often(recent & negative)
        found[f"positive_{days}d"] = how_often(recent & positive)
    recent, above = rows.age < LONGEST, rows.sentiment - rows.lowest
    return found | {
        "worst": rows.sentiment.min(where=recent),
        "above": above.sum(where=recent),
        "above_squares": (above * above).sum(where=recent),
    }


def _moods(sums: ir.Table) -> dict[str, ir.Value]:
    found: dict[str, ir.Value] = {}
    for days in MOOD_WINDOWS:
        moods = sums[f"moods_{days}d"].cast("float64")
        found[f"negative_{days}d"] = sums[f"negative_{days}d"]
        found[f"positive_{days}d"] = sums[f"positive_{days}d"]
        found[f"negative_share_{days}d"] = percent_of(sums[f"negative_{days}d"], moods)
        found[f"sentiment_mean_{days}d"] = sums[f"sentiment_{days}d"] / moods.nullif(0.0)
    short, long = (found[f"sentiment_mean_{days}d"] for days in MOOD_WINDOWS)
    n = sums[f"moods_{LONGEST}d"].cast("float64")
    # from the lowest up: the squares of the bare values would cancel
    squares = sums.above_squares - sums.above * sums.above / n.nullif(0.0)
    return found | {
        "sentiment_last": sums.last,
        f"sentiment_worst_{LONGEST}d": sums.worst,
        "sentiment_change_91d": short - long,
        f"sentiment_sd_{LONGEST}d": (
            ibis.greatest(squares, 0.0) / ibis.cases((n > 1, n - 1))
        ).sqrt(),
        "days_since_negative": sums.newest_negative + 1,
    }
