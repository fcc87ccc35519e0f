"""Use what was trained: backbones, features, figures, labels propagated through videos."""
