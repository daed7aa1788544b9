"""Hosts that are reached over SSH: addresses, settings, host keys, login, and channels.

``connection`` and ``trust`` import paramiko (0.3 s): import them where a host is about to be
reached. The rest is cheap.
"""
