"""What MMEngine's Runner lacks: hooks, optimisers and a schedule."""
