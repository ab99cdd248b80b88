"""What the core needs from the world, one small Protocol per file.

Each docstring says what an adapter must do, may raise, and on which thread it is
called. An adapter, its fake and its contract suite bear the same file name.
"""
