"""Verifying a hierarchy: what is wrong with its documents, its chunks and its shards."""
