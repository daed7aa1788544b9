"""``python -m handover``."""

from handover.cli.main import entry

entry()
