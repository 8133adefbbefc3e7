"""What tests of terrazzo, and of stores and codecs written for it, are made of."""
