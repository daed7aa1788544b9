"""Empty signature fields for a PDF that typst drew: one for each place that the template marked with a link.

typst knows no form fields. But a link of its own has all that a field needs: the place on the page, and an element of
the structure tree that a screen reader finds. So the links become fields, in an update that is appended (ISO 32000-1,
7.5.6), where all companies can sign: signing one never breaks another, because all were there before the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

#: Scheme of the links that mark a place; what follows names the field.
SCHEME: Final = "handover"

_END = re.compile(rb"\ntrailer\n<<(/Size ([0-9]+)/Root ([0-9]+) 0 R[^<>]*)>>\nstartxref\n([0-9]+)\n%%EOF\s*\Z")
_TABLE = re.compile(rb"xref\n0 ([0-9]+)\n")
_ENTRY_BYTES = 20
_LINK = re.compile(
    rb"<</Type/Annot/Subtype/Link/Rect(\[[0-9. -]+\])/Border\[0 0 0\]"
    rb"/A<</Type/Action/S/URI/URI\("
    + SCHEME.encode()
    + rb":([a-z]+)\)>>/F 4/StructParent ([0-9]+)/Contents\([^()]*\)>>"
)
_ELEMENT = re.compile(
    rb"<</Type/StructElem/S/Link(/P [0-9]+ 0 R.*?/K\[<</Type/OBJR/Pg ([0-9]+) 0 R/Obj ([0-9]+) 0 R>>\].*)>>", re.DOTALL
)
_CATALOG = b"<</Type/Catalog"


class OtherFormError(Exception):
    """A PDF of another form than the version of typst that we know writes."""


@dataclass(frozen=True, slots=True)
class _File:
    """A PDF as typst ends it: where its objects begin, and the trailer that an update has to repeat."""

    raw: bytes
    starts: tuple[int, ...]
    trailer: bytes
    root: int
    table_at: int

    def objects(self) -> Iterator[tuple[int, bytes]]:
        """Yield each object by its number, without what stands around it; of a stream only the dictionary."""
        for number, start in enumerate(self.starts[1:], 1):
            head = b"%d 0 obj\n" % number
            assert self.raw.startswith(head, start)
            end = min(at for at in (self.raw.find(b"\nendobj", start), self.raw.find(b"\nstream", start)) if at >= 0)
            yield number, self.raw[start + len(head) : end]


def add(drawn: bytes, names: Mapping[str, str]) -> bytes:
    """Return the PDF with a field for each marked place; ``names`` say what a reader calls each.

    Raises ``OtherFormError``, also when the marks are not those of ``names``.
    """
    if not names:
        return drawn
    file = _read(drawn)
    objects = dict(file.objects())
    links = {found[2].decode(): (number, found) for number, raw in objects.items() if (found := _LINK.fullmatch(raw))}
    elements = {int(found[3]): (number, found) for number, raw in objects.items() if (found := _ELEMENT.fullmatch(raw))}
    if set(links) != set(names):
        raise OtherFormError(f"fields for {sorted(names)}, and places for {sorted(links)}")
    changed: dict[int, bytes] = {}
    for role, (number, link) in links.items():
        element_number, element = elements[number]
        appearance = len(file.starts) + len(changed) // 3
        changed[element_number] = b"<</Type/StructElem/S/Form%b>>" % element[1]
        changed[number] = _field(role, names[role], link, page=int(element[2]), appearance=appearance)
        changed[appearance] = _nothing(link[1])
    fields = b" ".join(b"%d 0 R" % number for number, _ in links.values())
    form = b"/AcroForm<</Fields[%b]/SigFlags 1>>" % fields
    changed[file.root] = objects[file.root].replace(_CATALOG, _CATALOG + form, 1)
    return drawn + _update(file, changed)


def _read(raw: bytes) -> _File:
    end = _END.search(raw)
    table = None if end is None else _TABLE.match(raw, int(end[4]))
    if end is None or table is None:
        raise OtherFormError("a PDF of another form than typst 0.15 writes")
    entries = (table.end() + _ENTRY_BYTES * number for number in range(int(table[1])))
    starts = tuple(int(raw[at : at + 10]) for at in entries)
    return _File(raw, starts, end[1], int(end[3]), int(end[4]))


def _field(role: str, name: str, link: re.Match[bytes], *, page: int, appearance: int) -> bytes:
    """Return field and widget in one (12.7.4.5); it is printed, and has a look so that PDF/A is content."""
    return b"<</Type/Annot/Subtype/Widget/FT/Sig/T(%b)/TU<%b>/Rect%b/P %d 0 R/F 4/StructParent %b/AP<</N %d 0 R>>>>" % (
        role.encode("ascii"),
        ("\ufeff" + name).encode("utf-16-be").hex().encode("ascii"),
        link[1],
        page,
        link[3],
        appearance,
    )


def _nothing(rect: bytes) -> bytes:
    """Return the look of a field that nobody has signed."""
    left, bottom, right, top = map(float, rect.strip(b"[]").split())
    box = b"%.3f %.3f" % (right - left, top - bottom)
    return b"<</Type/XObject/Subtype/Form/BBox[0 0 %b]/Resources<<>>/Length 0>>\nstream\n\nendstream" % box


def _update(file: _File, changed: Mapping[int, bytes]) -> bytes:
    """Return the bytes that, appended, give the objects in ``changed`` their new value."""
    body, table, at = [], [b"0 1\n0000000000 65535 f\r\n"], len(file.raw)
    for number in sorted(changed):
        raw = b"%d 0 obj\n%b\nendobj\n" % (number, changed[number])
        table.append(b"%d 1\n%010d 00000 n\r\n" % (number, at))
        body.append(raw)
        at += len(raw)
    size = max(len(file.starts), *(number + 1 for number in changed))
    trailer = re.sub(rb"/Size [0-9]+", b"/Size %d/Prev %d" % (size, file.table_at), file.trailer, count=1)
    return b"%bxref\n%btrailer\n<<%b>>\nstartxref\n%d\n%%%%EOF\n" % (b"".join(body), b"".join(table), trailer, at)
