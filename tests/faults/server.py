"""Runs the real command line again and again in forks of one warm process, each with its own fault.

Started by ``seam.Server`` with the seam preloaded. A request is one line of JSON on stdin: where to stand, what to run,
and the page with the fault. The answer is one line with the status that waitpid gave.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import sys
import warnings

import handover
from handover.cli import main
from handover.workflow import drawing

#: What is imported beforehand: everything that a command may need, so that only our own files are opened later.
_NOT_NEEDED = ("handover.demo", "handover.__main__", "handover.agents.agent")


def warm() -> None:
    for module in pkgutil.walk_packages(handover.__path__, "handover."):
        if not module.name.startswith(_NOT_NEEDED):
            importlib.import_module(module.name)
    # typst keeps threads, and no fork takes them along. What it draws is written like everything else.
    drawing.can_draw = lambda: False


def rehearse(request: dict) -> None:
    """Run a command once in this very process: what is made at the first use (templates, types) is then made."""
    here, tell = os.getcwd(), (sys.stdout, sys.stderr)
    os.chdir(request["cwd"])
    with open(os.devnull, "w") as sys.stdout, open(os.devnull, "w") as sys.stderr:
        main.run(request["arguments"])
    sys.stdout, sys.stderr = tell
    os.chdir(here)


def run(request: dict) -> None:
    """Be the command, to the end; never returns."""
    os.chdir(request["cwd"])
    os.environ.update(request["environment"])
    warnings.simplefilter("error" if request["strict"] else "ignore", ResourceWarning)
    sys.argv = ["handover", *request["arguments"]]
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(request["stdout"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    err = os.open(request["stderr"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for descriptor, stream in enumerate((null, out, err)):
        os.dup2(stream, descriptor)
        os.close(stream)
    if request["near"]:
        ctypes.CDLL(None).faults_take(os.fsencode(request["page"]))
    else:
        # Whoever is started from here takes the page: the agent.
        os.environ["FAULTS_PAGE"] = request["page"]
    code = main.run(sys.argv[1:])
    # What an interpreter does at its end, for the exit code that it then has.
    try:
        sys.stdout.flush()
    except OSError:
        code = 120
    gc.collect()
    os._exit(code)


def serve() -> None:
    warm()
    replies = os.fdopen(os.dup(1), "w")
    replies.write("ready\n")
    replies.flush()
    for line in sys.stdin:
        request = json.loads(line)
        if request["rehearsal"]:
            rehearse(request)
            gc.collect()
            gc.freeze()
            continue
        pid = os.fork()
        if pid == 0:
            run(request)
        replies.write(f"{os.waitpid(pid, 0)[1]}\n")
        replies.flush()
    replies.close()


if __name__ == "__main__":
    serve()
