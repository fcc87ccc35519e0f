"""Draw what a config trains on, probe videos, and draw parts of data sets."""
