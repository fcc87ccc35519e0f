"""Compare runs: read what they logged, and write one page."""
