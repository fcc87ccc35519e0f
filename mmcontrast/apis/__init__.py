"""What the command-line tools and demos call; each function can be used from Python as well."""
