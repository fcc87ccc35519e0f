"""One module per layout; each has ``write(folder, seed, num_train, num_val)``."""
