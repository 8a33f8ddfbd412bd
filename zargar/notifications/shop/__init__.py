"""What of messaging belongs to one shop, in its own schema: its outbox, its templates, its schedules, its inbox."""
