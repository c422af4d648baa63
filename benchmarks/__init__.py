"""Each speed as a ratio against a named peer, both measured in one run."""
