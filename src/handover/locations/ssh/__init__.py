"""Hosts that are reached over SSH: addresses, settings, host keys, login, and channels.

``connection`` and ``trust`` import paramiko (0.1 s): import them where a host is about to be reached.
"""

import sys

# SECURITY: with invoke paramiko can run the command of a `Match exec`; we never want it to. It does without, and then
# takes a third less to import: invoke brings asyncio and unittest along.
sys.modules.setdefault("invoke", None)  # type: ignore[arg-type]  # how Python marks a module that cannot be imported
