"""A checkpoint as one object: safe files, layouts of other libraries, coverage, stored config, ResNet form."""
