"""Importing this module lets configs inherit ``'mmseg::...'`` from OneDL's mmseg.

MMEngine looks for a package called ``mmsegmentation``. Where OneDL's ``onedl-mmsegmentation`` is
installed it asks to install that one, which would overwrite it. The module of both is ``mmseg``.
"""

import mmengine.config.utils

mmengine.config.utils.MODULE2PACKAGE["mmseg"] = "mmseg"
