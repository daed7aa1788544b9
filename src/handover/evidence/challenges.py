"""The challenge of a part, checked again: what was asked for follows from the manifests, and the sums from the answers.

That the salt was new, and that these were the answers, only the one who asked can say.
"""

from __future__ import annotations

from contextlib import ExitStack

from handover import challenge, strict_json
from handover.challenge import Challenge, ChallengeDocument
from handover.errors import NotVerified
from handover.evidence.contents import Vouched
from handover.manifest import Role, manifest_name
from handover.manifest_reader import Reader


def recorded(files: Vouched, part: str) -> Challenge:
    """Return what the record of a challenge comes to; ``NotVerified`` when it does not fit the manifests."""
    name = challenge.file_name(part)
    where = files.where(name)
    document = ChallengeDocument.from_bytes(files.read(name, strict_json.MAX_DOCUMENT), where=where)
    if document.part != part:
        raise NotVerified("it is about another part", where=where)
    with ExitStack() as stack:
        names = [manifest_name(part, role) for role in Role]
        source, target = (Reader(stack.enter_context(files.open(one)), where=files.where(one)) for one in names)
        choice = challenge.choose(source, target, bytes.fromhex(document.salt), len(document.asked))
    if why := challenge.problem(document, choice):
        raise NotVerified(why, where=where)
    return challenge.summary(document, choice.files)
