"""What a command imports: nobody waits for a library that it does not need.

Each of these takes 10 to 300 ms to import. When one of them is needed at another place, import it there, in the
function that needs it.
"""

import subprocess
import sys

import pytest

_RUN = """
import sys
from handover.cli.main import run
code = run(sys.argv[1:])
sys.stdout.flush()
print(code, *sys.modules, file=sys.stderr)
"""
_HEAVY = (
    "cryptography",
    "jinja2",
    "asn1crypto",
    "paramiko",
    "pydantic",
    "pyhanko",
    "rich",
    "typst",
    "yaml",
    "xml",
    "filelock",
    "handover.diagnosis",
    "handover.scan",
)


def imported(*arguments):
    """Run a command in a process of its own; return what it imported of that which takes its time."""
    words = [sys.executable, "-c", _RUN, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    code, *modules = done.stderr.splitlines()[-1].split()
    assert code == "0", done.stderr
    return {heavy for heavy in _HEAVY if heavy in modules}


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("hello\n")
    return tmp_path / "site"


@pytest.mark.parametrize("command", ["--help", "--version", "compare --help", "sign --help", "trust host --help"])
def test_help_needs_none_of_the_libraries(command):
    assert imported(*command.split()) == set()


def test_a_scan_needs_rich_to_say_what_it_found_and_nothing_else(site, tmp_path):
    assert imported("scan", site, "-o", tmp_path / "1.manifest") == {"rich", "handover.scan"}
    assert imported("scan", site, "-o", tmp_path / "2.manifest", "--json") == {"handover.scan"}


def test_a_comparison_needs_the_diagnosis_only_when_there_is_something_to_explain(site, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "index.html").write_text("hello\n")
    assert imported("compare", site, tmp_path / "copy", "--json") <= {"yaml", "cryptography", "handover.scan"}


def test_a_comparison_draws_a_page_only_when_it_is_kept(site, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "index.html").write_text("hello\n")
    assert "jinja2" not in imported("compare", site, tmp_path / "copy")
    assert "jinja2" in imported("compare", site, tmp_path / "copy", "-o", tmp_path / "bundle")


def test_a_comparison_draws_a_protocol_only_when_it_is_asked_for(site, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "index.html").write_text("hello\n")
    assert "typst" not in imported("compare", site, tmp_path / "copy", "-o", tmp_path / "one")
    assert "typst" in imported("compare", site, tmp_path / "copy", "-o", tmp_path / "two", "--pdf")
    assert "typst" in imported("verify", tmp_path / "two", "--require", "none", "--json")


def test_a_check_needs_what_the_bundle_is_made_of_and_no_network(site, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "index.html").write_text("hello\n")
    imported("compare", site, tmp_path / "copy", "-o", tmp_path / "bundle")
    needed = {"cryptography", "jinja2", "yaml"}
    assert imported("verify", tmp_path / "bundle", "--require", "none", "--json") == needed


def test_who_reaches_a_host_brings_nothing_along_that_could_run_commands_for_paramiko():
    program = (
        "import sys, handover.locations.ssh.connection; print(*(name for name in sys.modules if sys.modules[name]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    modules = done.stdout.split()
    assert "paramiko" in modules
    assert not {"invoke", "asyncio", "unittest"} & set(modules)
