"""Settings, read from the environment by typed readers that fail loudly.

`embedded` (the default: parts that this machine starts itself), `production` and `test` each say where the parts are;
`base` is what all three share. A secret comes from its variable or from the file that `<VARIABLE>_FILE` names.
"""
