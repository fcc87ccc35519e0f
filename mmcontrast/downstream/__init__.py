"""Parts of the papers' protocols that mmdet and mmseg lack; the only package that imports them."""
