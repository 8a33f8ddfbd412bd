"""A local server that speaks the real protocols of those outside, so that the whole system runs with nothing outside.

`python -m zargar.sandbox --port 0 --seed 7 [--journal FILE]` prints `listening http://127.0.0.1:PORT` and serves each
board at `/<board>/<its own path>`, with its own market (`market`) and in the shape that was recorded of the real one.
It imports nothing from the adapters that it meets: the two can only agree on what goes over the wire.

Control, JSON over HTTP, for tests, benches and the demo:

- `POST /_sandbox/misbehave` `{"board": "tgju", "how": "silent"}`, and `{"board": "tgju", "how": null}` to heal; `how`
  is one of `misbehaviour.How`, `seconds` belongs to `delay`, `clock` and `busy`; `"calls": 1` heals it after one call.
- `POST /_sandbox/market` `{"factor": "1.25"}` moves the level of the whole market.
- `/_sandbox/sms/<company>`: the companies that carry text messages (`sms.desk`).
- `GET /_sandbox/journal` returns every call that came in, noted before it was answered. `DELETE` empties it.
"""
