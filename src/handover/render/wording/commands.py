"""What commands say that make no report: what they did, and what comes next."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from handover.evidence import sums
from handover.evidence.sshsig import NAMESPACE
from handover.render.result import Prepared, Signed
from handover.render.wording.codes import listing, roles
from handover.render.wording.language import foreign, name, plain, say
from handover.render.wording.verification import DECISIONS, FACTS


def case_written(terms: Path, folder: Path, preset: str, mark: str) -> str:
    """Return that the terms of a case were written, and what comes next; ``mark`` is what spoke for the preset."""
    done = [say("{file} was written. Fill in the parties, then:", file=name(os.fsencode(terms)))]
    if mark:
        found = say("The source has {mark}, so its preset is {preset}.", mark=name(mark), preset=foreign(preset))
        done.insert(0, found)
    lines = "\n".join(done)
    return plain(f"{lines}\n\n  handover run {_word(folder)}")


def trusted(host: str, key: str, *, added: bool) -> str:
    """Return that a host's key is trusted: from now on, when it was ``added``, or before."""
    if added:
        return plain(say("{host} is now trusted: {key}", host=foreign(host), key=foreign(key)))
    return plain(say("{host} was trusted already: {key}", host=foreign(host), key=foreign(key)))


def signed_text(signed: Signed) -> str:
    """Return what was signed and where it is now."""
    statement = signed.statement
    words = listing(
        [
            *([DECISIONS[statement.decision]] if statement.decision is not None else []),
            *([FACTS[statement.facts]] if statement.facts is not None else []),
        ]
    )
    who = roles([statement.role])
    done = say("{role} signed: {words}", role=who, words=words) if words else say("{role} signed", role=who)
    files = [f"  {name(os.fsencode(file))}" for file in (signed.path, signed.signature)]
    return plain("\n".join([done, *files, "", *_check(signed)]))


def _check(signed: Signed) -> tuple[str, str]:
    """Return what to do with a statement, and the command that checks it: only a round has more to check than that."""
    if signed.statement.subject.name == sums.NAME:
        return (
            say("Next: give both files to the other party, or check all with"),
            f"  handover verify {_word(signed.path.parent)} --keys allowed_signers",
        )
    stock = f"ssh-keygen -Y verify -f allowed_signers -I {signed.statement.role} -n {NAMESPACE}"
    return (
        say("Next: give both files to the other party, with what they are about, or check the signature with"),
        f"  {stock} -s {_word(signed.signature)} < {_word(signed.path)}",
    )


def _word(path: Path) -> str:
    """Return a path as it is typed into a shell."""
    return shlex.quote(plain(name(os.fsencode(path))))


def prepared_text(prepared: Prepared, subject: Path) -> str:
    """Return what to do with statements that somebody else signs."""
    folder = name(os.fsencode(prepared.folder))
    lines = [
        say("Send the folder {folder} to whoever signs. One of these lines signs one answer:", folder=folder),
        "",
        *(f"  {command}" for _, command in prepared.commands),
        "",
        say("They send back the statement they chose and the .sig beside it. Then:"),
        "",
        f"  handover add {_word(subject)} {_word(prepared.folder / 'ANSWER.statement.json')}",
    ]
    return plain("\n".join(lines))
