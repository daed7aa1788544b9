"""What was done to a PDF after our bytes, or after a signature: signing and nothing else, or more.

pyHanko's analysis decides it, object by object and revision by revision. It is told here what a first signature brings
along, and that our fields stand in the structure tree too.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.metadata import xmp_xml
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DiffResult,
    DocInfoRule,
    DSSCompareRule,
    FieldComparisonContext,
    FormUpdate,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    QualifiedWhitelistRule,
    ReferenceUpdate,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.constants import ACROFORM_EXEMPT_STRICT_COMPARISON, ROOT_EXEMPT_STRICT_COMPARISON
from pyhanko.sign.diff_analysis.rules_api import Context
from pyhanko.sign.fields import enumerate_sig_fields

from handover.evidence.pdf_findings import PdfProblem

_END = re.compile(rb"startxref\s+[0-9]+\s+%%EOF[\r\n]*\Z")
_BETWEEN = rb"(?:[\0\t\n\f\r ]|%[^\r\n]*[\r\n])"
#: What begins an object or the end of a table for whoever reads a file without its tables.
_OBJECT = re.compile(rb"(?<![0-9])[0-9]+" + _BETWEEN + rb"+[0-9]+" + _BETWEEN + rb"+obj")
_TRAILER = re.compile(rb"trailer" + _BETWEEN + rb"*<<")
_TREE = ["/Root", "/StructTreeRoot"]


class _TaggedFieldRule(QualifiedWhitelistRule):
    """Lets a signature field change as it stands in the structure tree, where PDF/UA wants it.

    What may change in it, and where it stands on a page, the rules of the form decide: only this way to it is cleared.
    """

    def apply_qualified(
        self, old: HistoricalResolver, new: HistoricalResolver
    ) -> Iterable[tuple[ModificationLevel, ReferenceUpdate]]:
        changed = new.reader.xrefs.explicit_refs_in_revision(new.revision)
        for _, _, field in enumerate_sig_fields(old):
            for usage in old._get_usages_of_ref(field.reference) if field.reference in changed else ():
                if list(usage.path[:2]) == _TREE and usage.path[-1] == "/Obj":
                    context = Context.from_absolute(old, usage)
                    yield ModificationLevel.FORM_FILLING, ReferenceUpdate(field.reference, context_checked=context)


class _PlainFieldRule(SigFieldCreationRule):
    """Lets a signature field be added that is a field and nothing beside.

    SECURITY: pyHanko asks only for the type of a new field and the area of its box. A line, a polygon or a note that
    says it is a signature field is drawn outside of its box, over what we wrote, and an action may do anything.
    """

    def apply(self, context: FieldComparisonContext) -> Iterable[tuple[ModificationLevel, FormUpdate]]:
        for name, spec in context.field_specs.items():
            field = None if spec.old_field_ref else spec.new_field
            if field is not None and not all(map(_is_plain, _widgets(field))):
                raise SuspiciousModification(f"the new field {name} is more than a field")
        return super().apply(context)


# pyHanko's constructors of rules have no types.
def _policy(in_catalog: set[str], in_form: set[str]) -> StandardDiffPolicy:
    catalog = CatalogModificationRule(ROOT_EXEMPT_STRICT_COMPARISON | in_catalog)  # type: ignore[no-untyped-call]
    metadata = MetadataUpdateRule()  # type: ignore[no-untyped-call]
    at_any_time = (DocInfoRule(), XrefStreamRule(), ObjectStreamRule(), DSSCompareRule(), metadata)
    creation = _PlainFieldRule()  # type: ignore[no-untyped-call]
    return StandardDiffPolicy(
        [
            catalog,
            _TaggedFieldRule(),
            *(rule.as_qualified(ModificationLevel.LTA_UPDATES) for rule in at_any_time),
        ],
        FormUpdatingRule([creation, SigFieldModificationRule()], ACROFORM_EXEMPT_STRICT_COMPARISON | in_form),
    )


#: What may follow a signature.
AFTER_SIGNATURE = _policy(set(), set())
#: The first signature also says that there is one, and what it allows (ISO 32000-2, 12.7.3 and 12.8.6).
_AFTER_OURS = _policy({"/Perms"}, {"/SigFlags"})


def changes(raw: bytes, ours: int, reader: PdfFileReader) -> Iterator[PdfProblem]:
    """Yield what came after our bytes, the first ``ours`` of a PDF, beside signatures."""
    original = PdfFileReader(io.BytesIO(raw[:ours]))
    count = original.total_revisions
    # SECURITY: a later revision may leave ours out of its chain, and then nothing of what is shown is ours.
    if _places(reader, count) != _places(original, count):
        yield PdfProblem.CHANGED
        return
    # From our last revision on and not only from the first signature: who signs may have changed something before.
    reviewed = _AFTER_OURS.review_file(reader, count - 1)
    # SECURITY: a time stamp in the field of a party looks as if that party had signed, and is none of the signatures.
    stamped = {each.field_name for each in reader.embedded_timestamp_signatures}
    if (
        not isinstance(reviewed, DiffResult)
        or stamped & _fields(original)
        or _called(reader) != _called(original)
        or _hides_objects(raw, ours, count, reader)
    ):
        yield PdfProblem.CHANGED
    if _END.search(raw, max(0, len(raw) - 1024)) is None:
        yield PdfProblem.TRAILING


def draws_outside(original: bytes, reader: PdfFileReader) -> bool:
    """Whether a signature field that we did not reserve has a place on a page, where it can hide what we wrote."""
    reserved = _fields(PdfFileReader(io.BytesIO(original)))
    return any(
        name not in reserved and any(map(_has_area, _widgets(field.get_object())))
        for name, _, field in enumerate_sig_fields(reader)
    )


def value(node: Mapping[str, Any], key: str, otherwise: object) -> Any:  # noqa: ANN401  whatever a PDF has there
    """Return what stands in a dictionary, itself or in another place; ``get`` gives the reference to that place."""
    if key not in node:
        return otherwise
    return node[key]


def _places(reader: PdfFileReader, count: int) -> list[tuple[int, int]]:
    """Return where the tables of the first revisions begin and end; shorter when there are fewer."""
    found = map(reader.xrefs.get_xref_container_info, range(min(count, reader.total_revisions)))
    return [(each.start_location, each.end_location) for each in found]


def _hides_objects(raw: bytes, ours: int, count: int, reader: PdfFileReader) -> bool:
    """Whether something behind our bytes looks like an object, or a trailer, that no table of its revision names.

    SECURITY: a program that takes a table for broken searches the file, and shows whatever looks like the last form of
    an object. Tables can be made that some programs take for broken and others, such as pyHanko, do not. Tables of the
    other form, which ours is not, could hold more objects than they name.
    """
    revisions = range(count, reader.total_revisions)
    tables = [reader.xrefs.get_xref_container_info(revision).xref_section_type for revision in revisions]
    named = {
        reader.xrefs.get_historical_ref(reference, revision)
        for revision in revisions
        for reference in reader.xrefs.explicit_refs_in_revision(revision)
    }
    return (
        not {XRefSectionType.STANDARD}.issuperset(tables)
        or not named.issuperset(found.start() for found in _OBJECT.finditer(raw, ours))
        or len(_TRAILER.findall(raw, ours)) != len(tables)
    )


def _called(reader: PdfFileReader) -> list[tuple[object, ...]]:
    """Return what a document says that it is, in both of its places; programs show it above the page.

    Who signs may note there with what and when, and pyHanko looks at nothing else in it either.
    """
    newest = reader.get_historical_resolver(reader.total_revisions - 1)
    metadata = xmp_xml.meta_from_xmp(xmp_xml.parse_xmp(io.BytesIO(reader.root["/Metadata"].data)))
    return [(said.title, said.author, said.subject, said.keywords) for said in (metadata, newest.document_meta_view)]


def _fields(reader: PdfFileReader) -> set[str]:
    return {name for name, _, _ in enumerate_sig_fields(reader)}


def _widgets(field: DictionaryObject) -> Iterator[DictionaryObject]:
    yield field
    for kid in value(field, "/Kids", ()):
        yield kid.get_object()


def _is_plain(widget: DictionaryObject) -> bool:
    return value(widget, "/Subtype", "/Widget") == "/Widget" and not {"/A", "/AA"} & widget.keys()


def _has_area(widget: DictionaryObject) -> bool:
    left, bottom, right, top = map(float, value(widget, "/Rect", (0, 0, 0, 0)))
    return left != right and bottom != top
