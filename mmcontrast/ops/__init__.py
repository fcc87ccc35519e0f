"""Stateless numerics: functions of tensors, and of the process group where they say so."""
