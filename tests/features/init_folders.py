"""Folders for `tenure init`, and what it made of them."""

import tomllib
from datetime import UTC, datetime

from features.config import read_config
from features.histories import load_histories

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def written(report):
    text = report.out.read_text()
    return tomllib.loads(text), text


def guessed(report):
    """Each history -> its files and where its customer comes from."""
    return {
        history: ([each.table.name for each in plan.selects], dict(plan.selects[0].columns))
        for history, plan in report.findings.plans.items()
    }


def read(report):
    found = load_histories(read_config(report.out), now=NOW)
    rows = {name: each.rows for name, each in found.reports.items()}
    found.close()
    return rows


def make(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def marked(text, key):
    """Return why the line of a key is unsure, from the comment above it."""
    before = text.split(f"\n{key} = ")[0].splitlines()
    start = max(n for n, line in enumerate(before) if not line.startswith("#   "))
    return " ".join(line.lstrip("# ") for line in before[start:]).removeprefix("unsure: ")


def amounts(report):
    found = load_histories(read_config(report.out), now=NOW)
    orders = found.tables["orders"].order_by("order_id").to_pyarrow().to_pylist()
    aside = found.reports["orders"].quarantined
    found.close()
    return {row["order_id"]: (row["amount"], row["day"]) for row in orders}, aside


def orders(report):
    """Return each order's customer and amount."""
    found = load_histories(read_config(report.out), now=NOW)
    rows = found.tables["orders"].select("customer_id", "amount").to_pyarrow().to_pylist()
    found.close()
    return [(row["customer_id"], row["amount"]) for row in rows]
