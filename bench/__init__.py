"""terrazzo beside its peers, on the same arrays, in one run: ``python -m bench.compare`` prints ratios.

Only ratios mean something, and only those of one run: the libraries take turns, so that whatever else the machine does
hits all of them.
"""
