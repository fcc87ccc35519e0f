"""Use what was trained: backbones, features, figures, labels carried through videos."""
