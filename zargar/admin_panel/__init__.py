"""The web process: the operations console, its health, and the admin. Persian, right to left, Jalali, Tehran time.

`queries` is the only module that reads rows; buttons call operations. Nothing is loaded from another server.
"""
