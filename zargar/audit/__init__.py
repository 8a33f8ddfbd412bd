"""Who did what, when and why. Rows can be added and read; nobody can change or remove one, the owner included."""
