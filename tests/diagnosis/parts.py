"""One part as the diagnosis gets it: two manifests by the real writer, and their differences by the real comparer."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from handover import differences
from handover.compare import Comparer
from handover.comparison import Difference, PathClass
from handover.diagnosis import Context, Streams, diagnose
from handover.entries import Entry, HostStat
from handover.report import Finding
from handover.rules import Requirement, RuleSet
from support.manifests import Item, file, folder, make_manifest, reader

DAY_S = 86_400
#: When the copies of these tests came to the target.
CAME_S = 1_790_000_000


def rules(*require: Requirement) -> RuleSet:
    return RuleSet((), frozenset(require), 2500, "")


def stat(modified_s: int = 1_700_000_000, came_s: int = CAME_S, **fields: object) -> HostStat:
    """What a host says of a path."""
    times = {"mtime_ns": str(modified_s * 10**9), "ctime_ns": str(came_s * 10**9)}
    return HostStat(**(times | {"mode": "0644", "uid": 1000, "user": "acme", "group": "acme"} | fields))


def site(count: int = 60, name: str = "page-{n}.php") -> list[Item]:
    """Some files in some folders, all different, one a day older than the next."""
    items: list[Item] = [(folder(f"dir{d}"), stat(mode="0755")) for d in range(6)]
    for n in range(count):
        path = f"dir{n % 6}/{name.format(n=n)}"
        items.append((file(path, b"content of %d" % n * (n * 37 % 53 + 1)), stat(1_700_000_000 + n * DAY_S)))
    return items


class Part:
    """Source and target; ``findings`` diagnoses them."""

    def __init__(self, source: Iterable[Item], target: Iterable[Item], require: RuleSet | None = None) -> None:
        self.source, self.target = make_manifest(*source), make_manifest(*target)
        self.rules = require or rules()

    def differences(self) -> list[Difference]:
        return list(Comparer(reader(self.source), reader(self.target), self.rules).differences())

    def recorded(self) -> bytes:
        """Return the file of differences."""
        stream = io.BytesIO()
        writer = differences.Writer(stream, "web")
        for difference in self.differences():
            writer.add(difference)
        return stream.getvalue()

    def kinds(self) -> frozenset[PathClass]:
        """Return the kinds of differences that there are."""
        return frozenset(difference.kind for difference in self.differences())

    def findings(self, **context: object) -> tuple[Finding, ...]:
        recorded = self.recorded()

        @contextmanager
        def evidence() -> Iterator[Streams]:
            stream = io.BytesIO(recorded)
            yield Streams(differences.read(stream, where="test"), reader(self.source), reader(self.target))

        return diagnose(evidence, Context("web", **context))


def path_of(item: Item) -> bytes:
    entry = item if isinstance(item, Entry) else item[0]
    return entry.path_bytes()


def told(source: Iterable[Item], target: Iterable[Item], require: RuleSet | None = None, **context: int) -> list[tuple]:
    """Return cause, count and confidence of each finding."""
    return [(f.cause, f.count, f.confidence) for f in Part(source, target, require).findings(**context)]


def causes(source: Iterable[Item], target: Iterable[Item], require: RuleSet | None = None, **context: int) -> list[str]:
    return [cause for cause, _, _ in told(source, target, require, **context)]


def without(items: Iterable[Item], *lost: bytes) -> list[Item]:
    """Return the items without some paths and what is below them."""
    return [item for item in items if not any(path_of(item) == p or path_of(item).startswith(p + b"/") for p in lost)]
