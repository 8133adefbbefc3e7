"""Every kind of array and hierarchy, written by each library and read by the others, each in a process of its own."""
