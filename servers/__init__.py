"""Tests on real servers that need more than Python: ``nox -s servers`` installs what it can, and starts them.

A server that cannot be installed on a machine is named, and its tests are skipped.
"""
