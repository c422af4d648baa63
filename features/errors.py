"""What can go wrong, as a tree: one sentence each, saying what, where and what to do.

::

    TenureError                 the caller can mend it: exit code 2, or a 4xx
    ├── ConfigError             tenure.toml says something it can't mean
    ├── DataError               a history breaks a rule as a whole
    │   └── NotEnoughData       the rows are fine but too few for what was asked
    ├── ModelError              a model and what it is asked to score don't fit together
    ├── SnapshotError           a published snapshot is missing or damaged
    └── AccessError             a key is missing, unknown or can't be made
"""


class TenureError(Exception):
    """Something the caller can mend; its text says how."""


class ConfigError(TenureError):
    """tenure.toml says something it can't mean."""


class DataError(TenureError):
    """A history breaks a rule as a whole: no file, no such column, not one usable row."""


class NotEnoughData(DataError):  # noqa: N818 - the state of the data, not a fault in it
    """The rows are fine, but too few or too short for what was asked."""


class ModelError(TenureError):
    """A model and what it is asked to do don't fit together."""


class SnapshotError(TenureError):
    """A published snapshot is missing or damaged."""


class AccessError(TenureError):
    """A key is missing, unknown or can't be made."""
