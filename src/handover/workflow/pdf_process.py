"""A signed PDF is looked at in a process of its own, whose time and memory end.

The bytes are somebody else's, and what reads them is large. Whatever it does with them, the answer is a result.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from contextlib import suppress

from handover import strict_json
from handover.errors import MalformedInput
from handover.evidence.pdf_findings import Examined, PdfProblem, Question

TIMEOUT_S = 60
#: Address space in bytes; a protocol with two signatures needs a tenth of it.
MEMORY = 2 * 2**30

_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from handover.workflow.pdf_process import answer; answer()"
_UNREADABLE = Examined(why=(PdfProblem.UNREADABLE,))


def installed() -> bool:
    """Whether what reads signatures in PDFs is there: the extra ``pades``."""
    return importlib.util.find_spec("pyhanko") is not None


def examine(raw: bytes, question: Question) -> Examined:
    """Do as ``handover.evidence.pades.examine``, in bounded time and memory."""
    words = [sys.executable, "-I", "-B", "-c", _PROGRAM, *sys.path]
    asked = strict_json.encode(question) + b"\n" + raw
    try:
        done = subprocess.run(words, input=asked, capture_output=True, check=True, timeout=TIMEOUT_S)
        return strict_json.decode(Examined, done.stdout, where="the answer about a PDF")
    except (subprocess.SubprocessError, MalformedInput):
        return _UNREADABLE


def answer() -> None:
    """Be the other process: a question and a PDF on stdin, what is found on stdout."""
    _limit()
    from handover.evidence import pades

    question = strict_json.decode(Question, sys.stdin.buffer.readline().rstrip(b"\n"), where="a question about a PDF")
    sys.stdout.buffer.write(strict_json.encode(pades.examine(sys.stdin.buffer.read(), question)))


def _limit() -> None:
    """Bound this process by the system; where that knows no such limits, the time is bounded from outside."""
    with suppress(ImportError):
        import resource

        for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, TIMEOUT_S)):
            with suppress(ValueError, OSError):
                resource.setrlimit(kind, (most, most))
