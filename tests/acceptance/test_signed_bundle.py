"""A bundle that both parties signed: nothing in it can be changed, taken away, added or swapped without being found."""

from __future__ import annotations

import html.parser
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handover.bundles import open_bundle
from handover.errors import HandoverError
from handover.evidence import contents
from handover.evidence.verification import Ledger
from handover.render import pdf
from handover.workflow.verifying import VerifyRequest, verify_bundle
from support.cli import environment, handover
from support.sshd import make_key, public_key

_ROLES = ("sender", "receiver")
#: Of the files that SHA256SUMS names each byte is followed through two steps, and one in so many through all of them.
_ALL_STEPS_EVERY = 37
#: The files of the bundle: those that SHA256SUMS names, and those beside them.
LISTED = [
    *("report.en.html", "report.en.pdf", "report.json", "report.receiver.en.txt", "report.sender.en.txt"),
    *("rules.json", "terms.yaml", "web.differences.jsonl", "web.source.manifest", "web.target.manifest"),
]
BESIDE = ["SHA256SUMS", *(f"1.{role}.statement.json{end}" for role in _ROLES for end in ("", ".sig"))]


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch):
    """Let thousands of verifications draw each protocol once: what it shows comes from the report alone."""
    drawn: dict[tuple[bytes, str], bytes] = {}
    render = pdf.render

    def render_once(report, excerpts, *, language):
        key = report.to_bytes(), language
        if key not in drawn:
            drawn[key] = render(report, excerpts, language=language)
        return drawn[key]

    monkeypatch.setattr(pdf, "render", render_once)


@pytest.fixture(scope="module")
def parties(tmp_path_factory):
    """Keys of both parties and of somebody else, and the list by which a third person trusts the two."""
    folder = tmp_path_factory.mktemp("keys")
    for name in (*_ROLES, "stranger"):
        make_key(folder / name)
    (folder / "allowed_signers").write_text("".join(f"{role} {public_key(folder / role)}\n" for role in _ROLES))
    return folder


def make_case(folder: Path, keys: Path, *, lost: bool = False) -> Path:
    """Write a case as a user would, and make one round of it."""
    for side in ("old", "new"):
        (folder / side).mkdir(parents=True)
        (folder / side / "index.php").write_text("<?php")
    if lost:
        (folder / "new" / "index.php").unlink()
        (folder / "new" / "other.php").write_text("<?php")
    case = folder / "case"
    case.mkdir()
    parties = "".join(
        f"  {role}: {{name: {role.title()} Ltd, contact: {role}@{role}.example, keys: ['{public_key(keys / role)}']}}\n"
        for role in _ROLES
    )
    (case / "handover.yaml").write_text(
        f"handover: 1\nid: {'0f8e' * 8}\ncase: a small one\nparties:\n{parties}"
        "required_signatures: [sender, receiver]\n"
        "parts:\n  - name: web\n"
        f"    source: {{location: {folder / 'old'}}}\n"
        f"    target: {{location: {folder / 'new'}}}\n"
    )
    result = handover("run", case)
    assert result.code == int(lost), result.err
    return case


def sign(case: Path, keys: Path, role: str, decision: str, facts: str, *flags: str, key: str | None = None) -> int:
    done = handover(
        *("sign", case, "--as", role, "--key", keys / (key or role), "--name", f"{role.title()} Person"),
        *("--decision", decision, "--facts", facts, *flags),
    )
    return done.code


def verify(bundle: Path, keys: Path, *flags: object) -> int:
    return handover("verify", bundle, "--keys", keys / "allowed_signers", *flags).code


@pytest.fixture(scope="module")
def accepted(parties, tmp_path_factory):
    """The bundle of a complete round that both parties accepted; never changed."""
    case = make_case(tmp_path_factory.mktemp("accepted"), parties)
    for role in _ROLES:
        assert sign(case, parties, role, "accept", "confirmed") == 0
    bundle = case / "rounds" / "0001"
    assert verify(bundle, parties) == 0
    return bundle


@pytest.fixture
def bundle(accepted, tmp_path):
    """A copy of the accepted bundle, to be changed."""
    copy = tmp_path / "0001"
    shutil.copytree(accepted, copy)
    return copy


def code(bundle: Path, keys: Path | None, require: str | None = None) -> int:
    """Return the exit code of ``handover verify`` without a process for each of many thousand calls."""
    request = VerifyRequest(bundle, None if keys is None else keys / "allowed_signers", require, None)
    try:
        return verify_bundle(request, datetime.now(UTC)).exit_code
    except HandoverError as error:
        return error.exit_code


def flipped(path: Path, step: int = 1) -> Iterator[int]:
    """Change each byte of a file in turn, yield its place, and change it back.

    Every other letter changes its case, which is the smallest lie; other bytes lose or gain their lowest bit.
    """
    good = path.read_bytes()
    with path.open("r+b", buffering=0) as stream:
        for at in range(0, len(good), step):
            letter = at % 2 and bytes([good[at]]).isalpha()
            stream.seek(at)
            stream.write(bytes([good[at] ^ (0x20 if letter else 0x01)]))
            yield at
            stream.seek(at)
            stream.write(good[at : at + 1])


def digests_hold(bundle: Path) -> bool:
    """Whether the first two steps of a verification pass: the list of files, and the digest of each."""
    ledger = Ledger()
    with open_bundle(bundle) as opened:
        table = contents.take_inventory(opened, ledger)
        if table is not None:
            contents.check_digests(opened, table, ledger)
    return ledger.exit_code is None


def test_the_bytes_of_no_file_are_left_out_below(accepted):
    assert sorted(os.listdir(accepted)) == sorted([*LISTED, *BESIDE])


@pytest.mark.parametrize("name", LISTED)
def test_every_byte_of_what_was_signed_is_guarded(bundle, parties, name):
    assert digests_hold(bundle)
    assert [at for at in flipped(bundle / name) if digests_hold(bundle)] == []
    assert [at for at in flipped(bundle / name, _ALL_STEPS_EVERY) if code(bundle, parties) == 0] == []
    assert code(bundle, parties) == 0


@pytest.mark.parametrize("name", BESIDE)
def test_every_byte_of_the_sums_the_statements_and_the_signatures_is_guarded(bundle, parties, name):
    assert [at for at in flipped(bundle / name) if code(bundle, parties) == 0] == []
    assert code(bundle, parties) == 0


def test_no_file_can_be_taken_away(bundle, parties):
    for name in sorted(os.listdir(bundle)):
        path = bundle / name
        raw = path.read_bytes()
        path.unlink()
        assert code(bundle, parties) != 0, name
        path.write_bytes(raw)
    assert code(bundle, parties) == 0


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        ".hidden",
        "SHA256SUMS.bak",
        "web.source.manifest.bak",
        "2.sender.statement.json",
        "1.agency.statement.json.sig",
        "report.pl.html",
    ],
)
def test_no_file_can_be_added(bundle, parties, name):
    (bundle / name).write_bytes((bundle / "1.sender.statement.json").read_bytes())
    assert verify(bundle, parties) in (4, 5)


def test_no_folder_link_or_special_file_can_be_added(bundle, parties):
    for make, path in ((os.mkdir, bundle / "folder"), (os.mkfifo, bundle / "pipe")):
        make(path)
        assert verify(bundle, parties) in (4, 5)
        os.rmdir(path) if path.is_dir() else path.unlink()
    (bundle / "report.json").rename(bundle.parent / "elsewhere")
    (bundle / "report.json").symlink_to(bundle.parent / "elsewhere")
    assert verify(bundle, parties) in (4, 5)


def swap(one: Path, other: Path) -> None:
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


@pytest.mark.parametrize("ends", [("",), (".sig",), ("", ".sig")], ids=["statements", "signatures", "both"])
def test_roles_cannot_be_swapped_in_the_bundle(bundle, parties, ends):
    for end in ends:
        swap(bundle / f"1.sender.statement.json{end}", bundle / f"1.receiver.statement.json{end}")
    assert verify(bundle, parties) in (4, 5)


def test_roles_cannot_be_swapped_in_the_list_of_keys(bundle, parties, tmp_path):
    lines = (parties / "allowed_signers").read_text()
    swapped = lines.replace("sender ", "x ").replace("receiver ", "sender ").replace("x ", "receiver ")
    (tmp_path / "allowed_signers").write_text(swapped)
    assert verify(bundle, tmp_path) == 4


def test_one_key_for_both_roles_is_not_two_signatures(bundle, parties, tmp_path):
    key = public_key(parties / "sender")
    (tmp_path / "allowed_signers").write_text(f"sender {key}\nreceiver {key}\n")
    assert verify(bundle, tmp_path) == 4


def test_without_keys_nothing_is_verified(bundle, tmp_path):
    result = handover("verify", bundle, "--json")
    assert (result.code, result.json["verified"], result.json["intact"]) == (4, False, True)
    (tmp_path / "allowed_signers").write_text(f"agency {public_key(make_key(tmp_path / 'other'))}\n")
    assert verify(bundle, tmp_path) == 4


def test_of_a_case_it_is_a_round_that_is_verified(accepted, bundle, parties):
    case = accepted.parents[1]
    done = handover("verify", case, "--keys", parties / "allowed_signers")
    assert (done.code, f"handover verify {case}/rounds/0001" in done.err) == (2, True), done.err
    (bundle / "handover.yaml").write_bytes((case / "handover.yaml").read_bytes())
    assert verify(bundle, parties) == 4


def test_a_signature_of_a_stranger_in_a_partys_name_is_found(parties, tmp_path):
    case = make_case(tmp_path, parties)
    assert sign(case, parties, "sender", "accept", "confirmed") == 0
    # The terms name the receiver's key, so this is refused; what was made by hand is found.
    assert sign(case, parties, "receiver", "accept", "confirmed", key="stranger") == 8
    round_folder = case / "rounds" / "0001"
    assert sign(case, parties, "receiver", "accept", "confirmed") == 0
    statement = round_folder / "1.receiver.statement.json"
    (round_folder / f"{statement.name}.sig").unlink()
    stock_sign(parties / "stranger", statement)
    assert verify(round_folder, parties) == 4


def stock_sign(key: Path, file: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", "handover-statement-v1", file],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )


def test_an_answer_that_is_not_there_yet_is_waited_for(parties, tmp_path):
    case = make_case(tmp_path, parties)
    bundle = case / "rounds" / "0001"
    for role, left in (("sender", ["receiver"]), ("receiver", [])):
        assert sign(case, parties, role, "accept", "confirmed") == 0
        result = handover("verify", bundle, "--keys", parties / "allowed_signers", "--json")
        assert (result.code, result.json["waiting_for"]) == (9 if left else 0, left)
        assert result.json["verified"]
        assert result.json["accepted"] is not bool(left)
    assert sign(case, parties, "sender", "accept", "confirmed") == 8


@pytest.mark.parametrize(
    ("decision", "facts"), [("reject", "disputed"), ("reject", "confirmed"), ("accept", "disputed")]
)
def test_a_rejection_or_a_dispute_is_a_valid_record_that_says_no(parties, tmp_path, decision, facts):
    case = make_case(tmp_path, parties)
    assert sign(case, parties, "sender", "accept", "confirmed") == 0
    assert sign(case, parties, "receiver", decision, facts, "--remark", "The pictures are missing.") == 0
    result = handover("verify", case / "rounds" / "0001", "--keys", parties / "allowed_signers", "--json")
    assert (result.code, result.json["verified"], result.json["accepted"]) == (1, True, False)


def test_a_loss_that_both_accept_with_remarks_stays_a_loss(parties, tmp_path):
    case = make_case(tmp_path, parties, lost=True)
    for role in _ROLES:
        assert sign(case, parties, role, "accept_with_remarks", "confirmed", "--remark", "We know.") == 0
    result = handover("verify", case / "rounds" / "0001", "--keys", parties / "allowed_signers", "--json")
    assert (result.code, result.json["verified"], result.json["verdict"]) == (1, True, "not_complete")


def test_a_new_statement_supersedes_the_old_one_only_by_name(parties, tmp_path):
    case = make_case(tmp_path, parties)
    bundle = case / "rounds" / "0001"
    assert sign(case, parties, "sender", "accept", "confirmed") == 0
    assert sign(case, parties, "receiver", "reject", "disputed") == 0
    assert verify(bundle, parties) == 1
    assert sign(case, parties, "receiver", "accept", "confirmed", "--supersede") == 0
    assert verify(bundle, parties) == 0
    for end in ("", ".sig"):
        (bundle / f"1.receiver.statement.json{end}").unlink()
    assert verify(bundle, parties) in (4, 5)


def test_an_answer_to_another_round_is_not_taken(parties, tmp_path):
    case = make_case(tmp_path, parties)
    for role in _ROLES:
        assert sign(case, parties, role, "accept", "confirmed") == 0
    assert handover("run", case).code == 0
    old, new = case / "rounds" / "0001", case / "rounds" / "0002"
    for role in _ROLES:
        for end in ("", ".sig"):
            shutil.copy(old / f"1.{role}.statement.json{end}", new)
    assert verify(new, parties) in (4, 5)
    assert handover("add", new, old / "1.sender.statement.json").code in (4, 8)


def test_a_quick_round_is_not_signed_as_if_contents_were_read(parties, tmp_path):
    case = make_case(tmp_path, parties)
    assert handover("run", case, "--quick").code == 3
    assert sign(case, parties, "sender", "accept", "confirmed") == 8


# By stock tools alone.


@pytest.fixture
def waiting(parties, tmp_path):
    """A round that the sender has accepted, and that the receiver still has to answer."""
    case = make_case(tmp_path, parties)
    assert sign(case, parties, "sender", "accept", "confirmed") == 0
    return case


def prepare(case: Path, folder: Path, *flags: object) -> list[str]:
    """Let statements be prepared for the receiver, and return the commands as they were printed."""
    result = handover("sign", case, "--as", "receiver", "--print-command", "--name", "Aino", "-o", folder, *flags)
    assert result.code == 0, result.err
    return [line.strip() for line in result.out.splitlines() if "ssh-keygen -Y sign" in line]


@pytest.mark.parametrize(
    ("answer", "expected"), [("accept", 0), ("accept_with_remarks", 0), ("reject", 1), ("none", 9)]
)
def test_a_party_that_has_only_ssh_keygen_answers_by_the_printed_command(waiting, parties, tmp_path, answer, expected):
    commands = prepare(waiting, tmp_path / "for receiver")
    assert len(commands) == 4
    (command,) = [line for line in commands if line.endswith(f" {answer}.statement.json")]
    command = command.replace("YOUR_KEY", str(parties / "receiver"))
    subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path / "for receiver", check=True, capture_output=True)
    added = handover("add", waiting, tmp_path / "for receiver" / f"{answer}.statement.json")
    assert added.code == 0, added.err
    assert verify(waiting / "rounds" / "0001", parties) == expected
    assert handover("add", waiting, tmp_path / "for receiver" / f"{answer}.statement.json").code == 8


def test_a_statement_that_comes_back_changed_or_signed_by_another_key_is_not_taken(waiting, parties, tmp_path):
    prepare(waiting, tmp_path / "for receiver")
    statement = tmp_path / "for receiver" / "accept.statement.json"
    stock_sign(parties / "stranger", statement)
    assert handover("add", waiting, statement).code == 4
    statement.with_name(f"{statement.name}.sig").unlink()
    stock_sign(parties / "receiver", statement)
    statement.write_bytes(statement.read_bytes().replace(b"Aino", b"Anna"))
    assert handover("add", waiting, statement).code == 4
    assert verify(waiting / "rounds" / "0001", parties) == 9


class Commands(html.parser.HTMLParser):
    """What stands in the blocks of a page that are to be typed as they are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._inside = self._inside or tag == "pre"

    def handle_endtag(self, tag):
        self._inside = self._inside and tag != "pre"

    def handle_data(self, data):
        if self._inside:
            self.lines += data.splitlines()


def test_the_commands_in_the_report_check_it_as_they_stand_there(bundle, parties):
    lines = Commands((bundle / "report.en.html").read_text()).lines
    commands = [line for line in lines if line.startswith(("sha256sum ", "grep ", "ssh-keygen ", "handover "))]
    assert sum(line.startswith("ssh-keygen -Y verify") for line in commands) == 2
    assert "sha256sum -c SHA256SUMS" in commands
    # The lines of the report itself are as good as those that were asked for in another way.
    signers = [line for line in lines if "ssh-ed25519 " in line]
    (bundle.parent / "allowed_signers").write_text("\n".join(signers) + "\n")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for command in commands:
        done = run_line(command, bundle, path)
        assert done.returncode == 0, (command, done.stderr)
    (bundle / "report.json").write_bytes((bundle / "report.json").read_bytes() + b"\n")
    assert run_line("sha256sum -c SHA256SUMS", bundle, path).returncode == 1
    for role in _ROLES:
        statement = bundle / f"1.{role}.statement.json"
        statement.write_bytes(statement.read_bytes().replace(b"accept", b"reject"))
    for command in commands:
        if command.startswith(("ssh-keygen", "handover")):
            assert run_line(command, bundle, path).returncode != 0


def run_line(command: str, folder: Path, path: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env=environment(PATH=path), capture_output=True, timeout=60
    )
