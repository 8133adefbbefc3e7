"""Contracts that others subclass: stores, codecs, buffers, metadata."""
