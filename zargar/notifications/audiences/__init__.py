"""Who is to be told what: instalments, birthdays, appointments and recurring messages of a shop.

`reach`, `payments`, `birthdays`, `appointments` and `digests` judge and are pure; `operations` gathers the facts of one
shop in pages, asks them, and queues what they say; `walk` does so for all shops, one after another.
"""
