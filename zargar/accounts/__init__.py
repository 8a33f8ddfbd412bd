"""Who may sign in: operators of the platform. A custom user model, since it cannot be swapped in later."""
