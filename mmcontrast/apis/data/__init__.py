"""Draw what a config trains on, probe videos, extract their sound, draw parts of data sets."""
