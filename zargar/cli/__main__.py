"""`python -m zargar.cli`: the command where its script is not installed."""

from zargar.cli.main import main

main()
