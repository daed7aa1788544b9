"""Line ends that were changed on the way: a transfer in text (ASCII) mode."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.causes.truncated import is_older_there
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.traits import is_text
from handover.diagnosis.words import plural, quoted, resend, say
from handover.report import Fact
from handover.sentences import Sentence

_LEAST, _FEW, _ENOUGH = 2, 3, 5
_ONE_BYTE, _TWO_BYTES = 2**8, 2**16
_DIRECTIONS = {
    "lf_to_crlf": say("Line ends were changed from LF to CR LF: the transfer ran in text (ASCII) mode"),
    "crlf_to_lf": say("Line ends were changed from CR LF to LF: the transfer ran in text (ASCII) mode"),
    "mixed": say("Line ends were changed on the way: the transfer ran in text (ASCII) mode"),
}


class LineEnds(Cause):
    """Texts that are equal but for CR, and binary files that the same transfer damaged."""

    kinds = frozenset({PathClass.CHANGED})

    def __init__(self) -> None:
        self._texts: Counter[str] = Counter()
        self._first = b""
        self._binaries = {"lf_to_crlf": _Binaries(), "crlf_to_lf": _Binaries()}
        self._other_binaries = 0

    def add(self, seen: Observation) -> None:
        """Take one changed file."""
        direction = _direction(seen)
        if direction is not None:
            self._first = self._first or seen.path
            self._texts[direction] += 1
        elif not is_text(seen.name) and not is_older_there(seen):
            going = [going for going in self._binaries if _may_be_damaged(seen, going)]
            self._other_binaries += not going
            for each in going:
                self._binaries[each].add(seen)

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the changed line ends: texts show which way it went, or many binary files do."""
        texts = self._texts.total()
        if texts:
            direction, count = self._texts.most_common(1)[0]
            direction = direction if 10 * count >= 9 * texts else "mixed"
        else:
            direction = max(self._binaries, key=lambda going: self._binaries[going].files)
        binaries = self._binaries.get(direction)
        damaged = binaries.files if binaries is not None and binaries.are_like(self._other_binaries) else 0
        if not texts and not damaged:
            return
        taken_along = bool(damaged) or texts >= _FEW
        shown = () if not texts else (
            plural(
                texts,
                "{n} text is equal but for its line ends, for example {path}.",
                "{n} texts are equal but for their line ends, for example {path}.",
                path=quoted(self._first),
            ),
        )  # fmt: skip
        yield Hypothesis(
            cause="line_ends_changed",
            weight=Weight.PROVEN,
            confidence="high",
            title=_DIRECTIONS[direction],
            evidence=(
                *shown,
                *((_grew_alike(damaged),) if damaged else ()),
                say("Pictures and archives that went the same way are damaged and cannot be repaired from the copy."),
            ),
            remedy=(
                say(
                    "Send them again in binary mode: `binary` in ftp, `set ftp:ascii no` in lftp, Transfer type "
                    "Binary in FileZilla and WinSCP."
                ),
                resend(scene.context.part, checksum=True),
            ),
            explains=lambda seen: _direction(seen) is not None or (taken_along and _may_be_damaged(seen, direction)),
            facts=(Fact(name="direction", value=direction),),
        )


class _Binaries:
    """Binary files that became longer or shorter, all together.

    In contents without any order, such as pictures and archives, each byte is a line end once in 256 and a pair of CR
    and LF once in 65,536.
    """

    def __init__(self) -> None:
        self.files = self._bytes = self._gone = 0
        self._each: set[int] = set()

    def add(self, seen: Observation) -> None:
        """Take one file that may have been damaged so."""
        target = seen.target.size if seen.target is not None and seen.target.size else 0
        self.files += 1
        self._bytes += seen.size
        self._gone += abs(seen.size - target)
        if len(self._each) < _LEAST:
            self._each.add(seen.size - target)

    def are_like(self, others: int) -> bool:
        """Whether their sizes changed as that rule would have it, and those of nearly no ``others`` did otherwise."""
        if self.files < _ENOUGH or 10 * others > self.files or len(self._each) < _LEAST:
            return False
        return any(self._bytes < 2.5 * once * self._gone < 6.25 * self._bytes for once in (_ONE_BYTE, _TWO_BYTES))


def _grew_alike(files: int) -> Sentence:
    return plural(
        files,
        "The size of {n} binary file changed as if some of its bytes had been taken for line ends.",
        "The sizes of {n} binary files changed as if some of their bytes had been taken for line ends.",
    )


def _direction(seen: Observation) -> str | None:
    """Return which line ends became which, when that alone is the difference.

    ``text_digest`` is there for texts with CR only: of a text with plain LF the digest itself is that of the text.
    """
    source, target = seen.source, seen.target
    if seen.kind is not PathClass.CHANGED or source is None or target is None or source.digest is None:
        return None
    if target.text_digest is not None and target.text_digest == source.digest:
        return "lf_to_crlf"
    if source.text_digest is not None and source.text_digest == target.digest:
        return "crlf_to_lf"
    if source.text_digest is not None and source.text_digest == target.text_digest:
        return "mixed"
    return None


def _may_be_damaged(seen: Observation, direction: str) -> bool:
    """Whether a binary file grew or shrank as if one byte in some two hundred were a line end.

    Its beginning differs early, so whole prefixes that agree speak against it.
    """
    source, target = seen.source, seen.target
    if seen.kind is not PathClass.CHANGED or source is None or target is None or not source.size or not target.size:
        return False
    if source.text_digest is not None or target.text_digest is not None:
        return False
    if source.prefixes and target.prefixes and source.prefixes[0] == target.prefixes[0]:
        return False
    longer, shorter = max(source.size, target.size), min(source.size, target.size)
    grew = target.size > source.size
    return 0 < longer - shorter <= max(longer // 50, 1) and (
        direction == "mixed" or grew == (direction == "lf_to_crlf")
    )
