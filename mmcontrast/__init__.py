"""mmcontrast: contrastive and self-supervised learning, assembled from config files."""

from mmcontrast.renames import redirect_old_imports
from mmcontrast.utils.config_files import register_packages

__version__ = "0.1.0"

redirect_old_imports()
register_packages()
