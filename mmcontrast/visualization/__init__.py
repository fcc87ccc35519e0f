"""Figures of data, features and training runs; each function returns a matplotlib ``Figure``."""
