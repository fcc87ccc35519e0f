# The first base of whatever inherits 'mmseg::...': MMEngine finds OneDL's mmseg from here on.
# (A plain import statement would make this a config of MMEngine's other style.)
import importlib

importlib.import_module("mmcontrast")
