"""mmcontrast: contrastive and self-supervised learning, assembled from config files."""

__version__ = "0.1.0"
