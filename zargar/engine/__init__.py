"""What knows Celery: the base of all tasks, the retry policy, the beats, the doorbell and the sweeper."""
