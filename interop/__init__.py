"""terrazzo and its peers on each other's data: what one writes the others read, and the documents are the same.

Run with ``nox -s interop``: the peers are installed there, and nowhere else.
"""
