"""Who takes part in a handover, with which keys, and who must sign."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from handover.evidence.statement import PartyRole
from handover.terms.document import Fields, Node
from handover.terms.model import Language, Party
from handover.terms.reading import FieldReader

if TYPE_CHECKING:
    from handover.evidence.keys import PublicKey

_KEYS = ("name", "contact", "language", "keys", "reference")
_DEFAULT_SIGNERS: Final = (PartyRole.SENDER, PartyRole.RECEIVER)
# SECURITY: a contact is a principal in allowed_signers files (ssh-keygen(1)), where `*`, `?`, `!`, commas and spaces
# mean more than themselves, and an argument of `ssh-keygen -I`, where a leading hyphen does.
_CONTACT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._%+-]*@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)


def read_parties(reader: FieldReader, node: Node | None) -> dict[PartyRole, Party]:
    """Return the parties by role, in the order of the roles."""
    if node is None:
        return {}
    fields = reader.fields(node, "`parties`", tuple(PartyRole))
    if isinstance(node, Fields) and not node.pairs:
        reader.note(node.place, "`parties` is empty", "Name a party, or leave the key out.")
    keys: dict[PublicKey, PartyRole] = {}
    parties = {role: _party(reader, role, fields[role], keys) for role in PartyRole if role in fields}
    _check_contacts(reader, fields, parties)
    return parties


def read_signatures(
    reader: FieldReader, node: Node | None, parties: Mapping[PartyRole, Party]
) -> tuple[PartyRole, ...]:
    """Return who must sign: those who are named, else sender and receiver when there are parties at all."""
    if node is None:
        return _DEFAULT_SIGNERS if parties else ()
    required = reader.choices(node, "`required_signatures`", PartyRole)
    for role in required:
        if role not in parties:
            reader.note(node.place, f"the {role} must sign and is not one of the parties", "Add it to `parties`.")
    return required


def _party(reader: FieldReader, role: PartyRole, node: Node, keys: dict[PublicKey, PartyRole]) -> Party:
    fields = reader.fields(node, f"`{role}`", _KEYS, ("name", "contact"))
    language = reader.choice(fields["language"], "`language`", Language) if "language" in fields else None
    items = reader.items(fields["keys"], "`keys`") if "keys" in fields else []
    return Party(
        role=role,
        name=reader.text(fields.get("name"), "`name`"),
        contact=reader.matching(fields.get("contact"), "`contact`", _CONTACT, "Write one plain mail address."),
        language=language or Language.EN,
        keys=tuple(_key(reader, role, item, keys) for item in items),
        reference=reader.text(fields.get("reference"), "`reference`") or None,
    )


def _key(reader: FieldReader, role: PartyRole, node: Node, keys: dict[PublicKey, PartyRole]) -> str:
    if "PRIVATE KEY" in reader.raw(node, "a key"):
        # SECURITY: nothing of it is repeated; terms are mailed around and logged.
        reader.note(
            node.place, "a private key", "Make a new pair: it is no secret now. Terms need the line of the .pub file."
        )
        return ""
    line = reader.text(node, "a key")
    from handover.evidence.keys import PublicKey  # cryptography takes 7 MB: only for terms that name keys

    key = reader.attempt(node, lambda: PublicKey.from_line(line, where="")) if line else None
    if key is None:
        return ""
    other = keys.setdefault(key, role)
    if other is not role:
        reader.note(node.place, f"this key is the {other}'s too", "Each party needs a key of its own.")
    return line


def _check_contacts(reader: FieldReader, fields: Mapping[str, Node], parties: Mapping[PartyRole, Party]) -> None:
    """Refuse one contact for two parties: it tells their signatures apart."""
    owners: dict[str, PartyRole] = {}
    for role, party in parties.items():
        owner = owners.setdefault(party.contact.lower(), role)
        if owner is not role and party.contact:
            reader.note(fields[role].place, f"the {role} has the same contact as the {owner}", "Each needs its own.")
