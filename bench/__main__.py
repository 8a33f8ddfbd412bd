"""`make bench`: every bench, one after another, or those named: `python -m bench overhead`.

`python -m bench panel --history FILE` is the judge's score on a recorded market; it needs a recording and is not among
the others.
"""

import sys

from bench import backups, calendar_rules, day, decide, mishaps, notify, overhead, panel, prices, siege
from bench.machine import facts, report

BENCHES = {
    "calendar": calendar_rules.main,
    "decide": decide.main,
    "overhead": overhead.main,
    "prices": prices.main,
    "day": day.main,
    "mishaps": mishaps.main,
}

report("machine", **facts())
if sys.argv[1:2] == ["panel"]:
    panel.main(sys.argv[2:])
elif sys.argv[1:2] == ["notify"]:
    calendar_rules.main()
    notify.main(sys.argv[2:])
elif sys.argv[1:2] == ["siege"]:
    siege.main(sys.argv[2:])
elif sys.argv[1:2] == ["backups"]:
    backups.main(sys.argv[2:])
else:
    for name in sys.argv[1:] or BENCHES:
        BENCHES[name]()
