"""The estimators: arrays in, numbers out; nothing here knows where data come from."""
