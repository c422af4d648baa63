"""Which history is each file of a folder? A first tenure.toml, with its doubts marked."""
