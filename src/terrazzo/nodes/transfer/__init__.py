"""Copying: one engine under copy, rechunk, move and everything else that fills an array from another one."""
