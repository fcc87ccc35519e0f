"""What MMEngine's Runner lacks: hooks, optimizers and a schedule."""
