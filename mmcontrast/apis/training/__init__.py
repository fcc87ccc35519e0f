"""Train, test and sweep what a config describes, in one process or many."""
