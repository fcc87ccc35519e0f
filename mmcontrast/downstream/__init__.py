"""What mmdet and mmseg lack for the papers' protocols; the only package that imports them."""
