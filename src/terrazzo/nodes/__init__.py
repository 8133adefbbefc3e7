"""Arrays and groups."""
