"""From stored bytes to regions of arrays and back: knows the kinds of codecs, never a codec."""
