"""Methods, the protocols that judge them, and the parts that both are built from.

Parts are MMEngine's modules: each takes ``init_cfg`` as a keyword, and what a part needs may be
given as a module or as the config that a module is built from.
"""
