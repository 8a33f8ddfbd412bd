"""The parts that this machine starts itself: PostgreSQL, Valkey, workers, beats and the web; no root, no Docker.

For the command line and the tests alone. The servers come out of Python wheels (the extra `embedded`); whoever has
servers already names them in DATABASE_URL and CELERY_BROKER_URL, and nothing of this package is started for them.
"""
