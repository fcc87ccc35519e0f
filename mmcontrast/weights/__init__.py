"""A checkpoint as one object: safe files, layouts, coverage, stored config, ResNet form."""
