"""The entry points: the registered tasks, one domain call each. Nobody imports them but the worker."""
