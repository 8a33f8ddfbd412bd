"""What a worker has imported is there for good: take it out of the garbage collector's rounds before it forks.

Each full round would otherwise visit, and so copy, the pages that the children share with their parent.
"""

import gc


def freeze(**_: object) -> None:
    """Collect once, and leave what remains alone (a receiver of Celery's `worker_init`)."""
    gc.collect()
    gc.freeze()
