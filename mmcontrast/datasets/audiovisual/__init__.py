"""Data sets of clips with sound, and of sounds, by their lists, splits and folds."""
