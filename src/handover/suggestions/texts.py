"""Which files programs and people write as text, by their names."""

from __future__ import annotations

_ENDINGS = frozenset(
    b".php .phtml .inc .html .htm .css .scss .less .js .mjs .ts .map .json .xml .xsl .txt .md .csv .ini .conf .cfg "
    b".yml .yaml .toml .env .sql .svg .po .pot .twig .tpl .htaccess .sh .py .pl .rb .webmanifest".split()
)


def ending(path: bytes) -> bytes:
    """Return the last part of a name, from its last dot; a name that begins with its only dot is one as a whole."""
    name = path.rpartition(b"/")[2]
    at = name.rfind(b".")
    return name[at:] if at >= 0 else b""


def is_text(path: bytes) -> bool:
    """Whether a file of this name is text."""
    return ending(path).lower() in _ENDINGS
