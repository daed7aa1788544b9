"""Evidence: who signed what, with which key, and whether a bundle still is what they signed.

Pure: bytes and streams come in, results go out. No YAML, no sockets, no printing, no clock of its own. ``cryptography``
is imported here only.
"""
