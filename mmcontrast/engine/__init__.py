"""Hooks, optimizers and learning-rate schedules that MMEngine lacks."""
