"""Functions: creating, opening, saving and loading; asynchronous, and mirrored for blocking callers."""
