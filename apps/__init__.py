"""The programs: composition roots, configuration and command lines."""
