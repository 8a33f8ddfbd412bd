"""Gold prices that can be trusted: asked from several boards, agreed between families, kept with their reasons.

From the bottom: `quotes` (values with a unit), `answers` (strict reading of what a board sent), `sources` (one file for
each board), `consensus` (the judgement), `karats` and `current` (what a shop is answered); then `boards` (asks all at
once under one deadline), `store` (PostgreSQL), `cache` (a copy for readers), and `operations`, the only way in.

Every price is in Toman, for one gram of gold of 750 per mille unless its name says otherwise.
"""
