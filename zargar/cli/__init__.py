"""The `zargar` command: noun, then verb. `--json` output and the exit codes (docs/cli.md) are stable."""

from zargar.cli.main import main

__all__ = ["main"]
