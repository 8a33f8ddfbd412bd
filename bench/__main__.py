"""`make bench`: every bench, one after another, or those named: `python -m bench overhead`."""

import sys

from bench import overhead, prices
from bench.machine import facts, report

BENCHES = {"overhead": overhead.main, "prices": prices.main}

report("machine", **facts())
for name in sys.argv[1:] or BENCHES:
    BENCHES[name]()
