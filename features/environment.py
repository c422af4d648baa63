"""What do ${NAMES} in the config stand for? Variables of the environment."""

from __future__ import annotations

import os
import re

from features.errors import ConfigError


def expanded(text: str, where: str) -> str:
    """Return a text with the environment's value in the place of each ``${NAME}``.

    Parameters
    ----------
    text : str
    where : str
        Where it stands, for the error.

    Raises
    ------
    ConfigError
        A variable is not set.

    Examples
    --------
    >>> expanded("orders/*.csv", "[histories.orders]")
    'orders/*.csv'
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in os.environ:
            raise ConfigError(
                f"{where} names ${{{name}}}, which is not set in the environment; set it, such as "
                f"{name}=/folder tenure check"
            )
        return os.environ[name]

    return re.sub(r"\$\{(\w+)\}", value, text)
