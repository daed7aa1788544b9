"""Each cheat of a party, played through with the real product: what report and ``verify`` say, and of whom.

The rows of "Cheating parties" in ``docs/security.md`` name these tests.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from handover.digests import sha256_hex
from support.cli import Result, handover
from support.sshd import Sshd, make_key, public_key, write_ssh_config

_ROLES = ("sender", "receiver")
_PAGES = 40
_PICTURE = "uploads/a.jpg"
#: So many bytes keep the scan busy until the file was touched again, also on a machine that is slow to touch.
_LONG_TO_READ = 2**30
_TOUCH_EVERY_S = 0.001


class Company:
    """Two companies in one folder: both sites, their keys, and a case between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.old, self.new, self.case = (folder / name for name in ("old", "new", "case"))
        self.allowed = folder / "allowed_signers"
        for site in (self.old, self.new):
            (site / "uploads").mkdir(parents=True)
            for number in range(_PAGES):
                (site / f"page{number}.php").write_text(f"<?php // {number}")
            (site / _PICTURE).write_text("picture")
        for role in _ROLES:
            make_key(folder / role)
        self.trust(*_ROLES)
        self.case.mkdir()

    def trust(self, *roles: str, options: str = "") -> None:
        """Write the list of keys by which a third person verifies."""
        lines = (f"{role} {options} {public_key(self.folder / role)}\n" for role in roles)
        self.allowed.write_text("".join(lines))

    def agree(self, *rules: str, source: object = None, target: object = None, more: str = "") -> None:
        """Write the terms."""
        parties = "".join(
            f"  {role}: {{name: {role.title()} Ltd, contact: {role}@{role}.example,"
            f" keys: ['{public_key(self.folder / role)}']}}\n"
            for role in _ROLES
        )
        (self.case / "handover.yaml").write_text(
            f"handover: 1\nid: {'0f8e' * 8}\ncase: a small one\nparties:\n{parties}{more}"
            "parts:\n  - name: web\n"
            f"    source: {{location: '{source or self.old}'}}\n"
            f"    target: {{location: '{target or self.new}'}}\n"
            + (f"    rules: [{', '.join(rules)}]\n" if rules else "")
        )

    def scan(self, name: str, *flags: object) -> Path:
        """Let the sender read its own site, alone."""
        manifest = self.folder / name
        done = handover("scan", self.old, "-o", manifest, "--role", "source", "--as", "sender", *flags)
        assert done.code == 0, done.err
        return manifest

    def sign(self, subject: Path, role: str, *flags: str) -> Result:
        return handover("sign", subject, "--as", role, "--key", self.folder / role, "--name", role.title(), *flags)

    def answer(self, role: str, decision: str = "accept", number: int = 1) -> None:
        done = self.sign(self.round(number), role, "--decision", decision, "--facts", "confirmed")
        assert done.code == 0, done.err

    def round(self, number: int) -> Path:
        return self.case / "rounds" / f"{number:04d}"

    def verify(self, bundle: Path, *flags: object) -> Result:
        return handover("verify", bundle, "--keys", self.allowed, "--json", *flags)


@pytest.fixture
def company(tmp_path):
    folder = tmp_path / "companies"
    folder.mkdir()
    return Company(folder)


def report_of(bundle: Path) -> dict[str, object]:
    return json.loads((bundle / "report.json").read_bytes())


def differences(bundle: Path, part: str = "web") -> dict[str, tuple[str, list[str]]]:
    """Return class and reasons of every difference."""
    lines = (bundle / f"{part}.differences.jsonl").read_text().splitlines()[1:]
    return {found["path"]: (found["class"], found["why"]) for found in map(json.loads, lines)}


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def page(bundle: Path) -> str:
    """Return what the page says, without its marks."""
    return words(html.unescape(re.sub(r"<[^>]*>", "", (bundle / "report.en.html").read_text())))


def details(checked: Result, step: str) -> str:
    return next(check["detail"] for check in checked.json["checks"] if check["name"] == step)


# The sender tidies up: what it lost, or never sent, is no longer in what it says that it had.


def test_a_tidied_source_is_shown_by_the_manifest_that_the_sender_signed_before(company):
    baseline = company.scan("baseline.manifest")
    assert company.sign(baseline, "sender").code == 0
    for site in (company.old, company.new):
        (site / _PICTURE).unlink()
    company.agree()
    # By itself the tidied source is complete: nothing of today knows the picture.
    assert handover("run", company.case).code == 0
    # What the sender signed, in the place of what it shows now: the loss, and the sender's own key upon it.
    company.agree(source=baseline)
    assert handover("run", company.case).code == 1
    bundle = company.round(2)
    assert differences(bundle)[_PICTURE] == ("missing", ["absent"])
    (custody,) = report_of(bundle)["parts"][0]["source"]["custody"]
    checked = company.verify(bundle, "--require", "none")
    assert (checked.code, checked.json["verdict"]) == (1, "not_complete")
    (signature,) = checked.json["signatures"]
    assert (signature["kind"], signature["role"], signature["trusted"]) == ("custody", "sender", True)
    assert signature["key"] == custody["key"]
    assert custody["key"] in page(bundle)


def test_the_sender_today_against_the_sender_then_names_what_it_took_away(company):
    baseline = company.scan("baseline.manifest")
    assert company.sign(baseline, "sender").code == 0
    (company.old / _PICTURE).unlink()
    bundle = company.folder / "report"
    compared = handover("compare", baseline, company.scan("tidied.manifest"), "--same-host", "-o", bundle)
    assert compared.code == 1, compared.err
    assert differences(bundle, "main") == {_PICTURE: ("missing", ["absent"])}
    # The tidied one was scanned as the source, and stands where the target does: that is said.
    assert "was made as the source" in compared.err
    checked = company.verify(bundle, "--require", "none")
    assert [signature["role"] for signature in checked.json["signatures"]] == ["sender"]


def test_a_tidied_manifest_cannot_take_the_place_of_the_one_that_was_signed(company):
    baseline = company.scan("baseline.manifest")
    assert company.sign(baseline, "sender").code == 0
    (company.old / _PICTURE).unlink()
    shutil.move(company.scan("tidied.manifest"), baseline)
    company.agree(source=baseline)
    refused = handover("run", company.case)
    assert refused.code == 4
    assert "signed about other bytes" in refused.err
    assert not company.round(1).exists()


# Rules that swallow the loss.


@pytest.mark.parametrize("kind", ["ignore", "may_be_missing"])
def test_a_rule_that_swallows_much_leaves_nothing_complete(company, kind):
    for number in range(_PAGES):
        (company.new / f"page{number}.php").unlink()
    company.agree(f"{{{kind}: '*.php', reason: not needed}}")
    assert handover("run", company.case).code == 3
    report = report_of(company.round(1))
    assert (report["verdict"], report["because"]) == ("undetermined", ["excluded"])
    assert "more than the limit" in page(company.round(1))
    assert company.verify(company.round(1), "--require", "none").json["verdict"] == "undetermined"


def test_a_rule_that_swallows_little_is_counted_in_the_headline_and_under_the_verdict(company):
    (company.new / _PICTURE).unlink()
    company.agree("{may_be_missing: 'uploads/**', reason: not needed}")
    result = handover("run", company.case)
    assert result.code == 0
    assert "COMPLETE AS AGREED" in result.out
    bundle = company.round(1)
    assert report_of(bundle)["verdict"] == "complete_as_agreed"
    assert differences(bundle)[_PICTURE] == ("agreed", ["absent"])
    assert f"Rules leave out or agree to 1 of {_PAGES + 1} files of the source" in page(bundle)


def test_a_rule_that_only_the_one_who_ran_it_gave_is_told_apart_from_those_that_were_agreed(company):
    (company.new / _PICTURE).unlink()
    company.agree()
    assert handover("run", company.case, "--exclude", "uploads/**").code == 0
    checked = company.verify(company.round(1), "--require", "none")
    assert "1 that was given by a flag and not by the terms" in details(checked, "terms")


def test_rules_that_were_added_after_the_other_side_signed_the_terms_are_refused(company):
    company.agree()
    assert company.sign(company.case / "handover.yaml", "receiver", "--decision", "accept").code == 0
    (company.new / _PICTURE).unlink()
    company.agree("{ignore: 'uploads/**', reason: not needed}")
    refused = handover("run", company.case)
    assert refused.code == 4
    assert "signed about other bytes" in refused.err
    assert not company.round(1).exists()


def test_a_rule_in_the_scan_of_one_side_alone_leaves_a_doubt_of_that_side(company):
    own = company.scan("own.manifest", "--exclude", "uploads/**")
    (company.new / _PICTURE).unlink()
    company.agree(source=own)
    result = handover("run", company.case)
    assert result.code == 3
    assert differences(company.round(1))["uploads"] == ("not_checked", ["ignored_source"])
    assert "because of rules that only the SENDER's host was read with" in words(result.out)
    assert "because of rules that only the SENDER's host was read with" in page(company.round(1))


# Making one's own side unreadable, or unquiet.


@pytest.mark.parametrize(("cheat", "code"), [("sender", "source"), ("receiver", "target")])
def test_what_a_side_makes_unreadable_is_a_doubt_of_that_side(company, hosts, cheat, code):
    old, new, config = hosts
    root = company.old if cheat == "sender" else company.new
    (root / _PICTURE).chmod(0)
    company.agree(source=old.url(company.old), target=new.url(company.new))
    result = handover("run", company.case, "--ssh-config", config)
    assert result.code == 3, result.err
    bundle = company.round(1)
    assert differences(bundle)[_PICTURE] == ("not_checked", [f"unreadable_{code}"])
    assert report_of(bundle)["parts"][0]["comparison"]["gaps"][code]["unreadable"] == 1
    assert f"could not be read on the {cheat.upper()}'s host" in words(result.out)
    checked = company.verify(bundle, "--require", "none")
    assert (checked.code, checked.json["verdict"]) == (3, "undetermined")


def test_making_it_unreadable_does_not_hide_a_loss_that_is_proven(company, hosts):
    old, new, config = hosts
    (company.old / _PICTURE).chmod(0)
    (company.new / _PICTURE).unlink()
    company.agree(source=old.url(company.old), target=new.url(company.new))
    assert handover("run", company.case, "--ssh-config", config).code == 1
    assert differences(company.round(1))[_PICTURE][0] == "missing"


@contextmanager
def touched(path: Path) -> Iterator[None]:
    """Give a file a new time again and again, as long as the block lasts."""
    over = threading.Event()

    def touch() -> None:
        while not over.wait(_TOUCH_EVERY_S):
            os.utime(path)

    thread = threading.Thread(target=touch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_what_a_side_touches_during_the_scan_is_a_doubt_of_that_side(company):
    company.agree()
    for side in (company.old, company.new):
        with (side / "long to read").open("xb") as stream:
            stream.truncate(_LONG_TO_READ)
    with touched(company.old / _PICTURE):
        result = handover("run", company.case)
    assert result.code == 3, result.out
    assert differences(company.round(1))[_PICTURE] == ("not_checked", ["unstable_source"])
    assert "changed or appeared on the SENDER's host while it was read" in words(result.out)


def test_touching_it_does_not_hide_a_loss_that_is_proven(company):
    (company.new / _PICTURE).unlink()
    company.agree()
    with touched(company.old / _PICTURE):
        assert handover("run", company.case).code == 1
    assert differences(company.round(1))[_PICTURE][0] == "missing"


# Answers: withheld, hidden, denied.


def test_an_answer_that_is_withheld_is_waited_for_by_name_and_never_called_forged(company):
    company.agree()
    assert handover("run", company.case).code == 0
    company.answer("sender")
    checked = company.verify(company.round(1))
    assert (checked.code, checked.json["waiting_for"], checked.json["signed_by"]) == (9, ["receiver"], ["sender"])
    assert (checked.json["verified"], checked.json["accepted"]) == (True, False)
    said = handover("verify", company.round(1), "--keys", company.allowed).out
    assert "VERIFIED SO FAR, WAITING FOR RECEIVER: all that is there is genuine" in words(said)


def test_an_answer_that_somebody_saw_cannot_be_hidden_afterwards(company):
    company.agree()
    assert handover("run", company.case).code == 0
    company.answer("receiver", "reject")
    company.answer("sender")
    for end in ("", ".sig"):
        (company.round(1) / f"1.receiver.statement.json{end}").unlink()
    checked = company.verify(company.round(1))
    assert checked.code == 4
    assert "1.sender.statement.json: a statement that was there when it was signed is missing" in details(
        checked, "statements"
    )


@pytest.mark.parametrize("how", ["another key", "no key at all"])
def test_a_key_that_is_denied_afterwards_is_named_with_its_role_and_vouches_for_nothing(company, how):
    company.agree()
    assert handover("run", company.case).code == 0
    company.answer("sender")
    company.answer("receiver")
    assert company.verify(company.round(1)).code == 0
    company.trust("sender")
    if how == "another key":
        other = public_key(make_key(company.folder / "other"))
        company.allowed.write_text(f"{company.allowed.read_text()}receiver {other}\n")
    checked = company.verify(company.round(1))
    assert (checked.code, checked.json["intact"], checked.json["signed_by"]) == (4, True, ["sender"])
    assert details(checked, "keys").startswith("1.receiver.statement.json: ")
    # The signature itself still fits: what is denied is whose key it is, and the terms, which the sender signed with
    # the round, name it as the receiver's.
    (receiver,) = [one for one in checked.json["signatures"] if one["role"] == "receiver"]
    assert (receiver["valid"], receiver["trusted"]) == (True, False)
    (party,) = [one for one in report_of(company.round(1))["parties"] if one["role"] == "receiver"]
    assert party["keys"][0].startswith(public_key(company.folder / "receiver"))


def test_a_key_that_is_withdrawn_from_a_day_on_still_vouches_for_the_time_before(company):
    company.agree()
    assert handover("run", company.case).code == 0
    company.answer("sender")
    company.answer("receiver")
    company.trust(*_ROLES, options='valid-before="20200101Z"')
    denied = company.verify(company.round(1))
    assert denied.code == 4
    assert "trusts this key only until 2020-01-01" in details(denied, "keys")
    # When it was signed is for the verifier to know: what the statement says of its own time decides nothing.
    assert company.verify(company.round(1), "--at", "2019-12-31").code == 0


# A manifest whose digests were copied: the far host has the names, the sizes and the times, and not the contents.

_LIAR = '''#!{python}
"""A host that runs the agent as it pleases: it takes the digests that it tells from a list, by size."""
import os, sys
words = os.environ["SSH_ORIGINAL_COMMAND"].split()
source = sys.stdin.buffer.read(int(sys.stdin.buffer.readline(20)))
lie = b"""
def copied(data):
    return bytes.fromhex(COPIED.get(len(data), hashlib.sha256(data).hexdigest()))


Sha256.of = staticmethod(copied)


class Lying(Witness):
    def _digest(self, descriptor, size, effects):
        plain, salted = Witness._digest(self, descriptor, size, effects)
        return ({careful} and bytes.fromhex(COPIED.get(size, plain.hex())) or plain), salted


def make_worker(job, link, first_id, id_step):
    {deaf}
    return (Lying if job.salt else Worker)(job, link, first_id, id_step)


"""
marker = b'if __name__ == "__main__":'
assert source.count(marker) == 1
source = source.replace(marker, lie + marker)
sys.argv = ["-c", words[-2], words[-1]]
exec(compile(source, "liar", "exec"), {{"__name__": "__main__", "COPIED": {copied!r}}})
'''


@contextmanager
def liar(company: Company, *, careful: bool = True, deaf: bool = False) -> Iterator[tuple[str, Path]]:
    """Serve the receiver's site from a host that lost what is in its files, and tells the sender's digests of them."""
    copied = {}
    for number, source in enumerate(sorted(company.old.rglob("*.*"))):
        source.write_bytes(source.read_bytes() + b"." * number * 100)  # a size of its own
        raw = source.read_bytes()
        copied[len(raw)] = sha256_hex(raw)
        target = company.new / source.relative_to(company.old)
        target.write_bytes(bytes(len(raw)))
    assert len(copied) == _PAGES + 1
    script = company.folder / "liar.py"
    silence = "if job.salt: os._exit(1)" if deaf else "pass"
    script.write_text(_LIAR.format(python=sys.executable, copied=copied, careful=careful, deaf=silence))
    with Sshd(company.folder / "host", force_command=f"{sys.executable} -I -S -B {script}") as server:
        yield server.url(company.new), write_ssh_config(company.folder / "ssh_config", server)


def challenge_of(bundle: Path, part: str = "web") -> dict[str, object]:
    (found,) = [one for one in report_of(bundle)["parts"] if one["name"] == part]
    return found["challenge"]


def test_copied_digests_alone_look_complete(company):
    with liar(company) as (target, config):
        company.agree(target=target)
        assert handover("run", company.case, "--ssh-config", config).code == 0


def test_copied_digests_cannot_answer_a_challenge(company):
    with liar(company) as (target, config):
        company.agree(target=target)
        result = handover("run", company.case, "--ssh-config", config, "--challenge", 7)
    assert result.code == 3, result.err
    bundle = company.round(1)
    report, found = report_of(bundle), challenge_of(bundle)
    assert (report["verdict"], report["because"]) == ("undetermined", ["challenge"])
    assert (found["files"], found["asked"], found["agreed"], found["differ"]) == (_PAGES + 1, 7, 0, 7)
    assert found["source"]["answered"] == found["target"]["answered"] == 7
    said = "For 7 files the RECEIVER's host gave other answers than the machine that asked, which has the files"
    for told in (words(result.out), page(bundle)):
        assert said in told
        assert "7 of 7 files that were asked for again were not confirmed, because of the RECEIVER's host." in told
        assert f"7 of {_PAGES + 1} files that both sides claim" in told
    assert found["salt"] in page(bundle)
    checked = company.verify(bundle, "--require", "none")
    assert (checked.code, checked.json["intact"], checked.json["verdict"]) == (3, True, "undetermined")
    # Who has the files can show that its answers were right, to anybody, with stock tools.
    record = json.loads((bundle / "web.challenge.json").read_bytes())
    for one in record["asked"]:
        raw = (company.old / one["path"]).read_bytes()
        assert sha256_hex(bytes.fromhex(record["salt"]) + raw) == one["source"]["salted"] != one["target"]["salted"]


def test_a_liar_that_forgets_to_lie_twice_contradicts_its_own_manifest(company):
    with liar(company, careful=False) as (target, config):
        company.agree(target=target)
        result = handover("run", company.case, "--ssh-config", config, "--challenge", 5)
    assert result.code == 3
    found = challenge_of(company.round(1))
    assert (found["agreed"], found["differ"], found["target"]["contradicts"]) == (0, 0, 5)
    assert "5 files on the RECEIVER's host have other content than its manifest says" in words(result.out)
    assert company.verify(company.round(1), "--require", "none").code == 3


def test_a_host_that_does_not_answer_a_challenge_is_named_and_nothing_is_complete(company):
    with liar(company, deaf=True) as (target, config):
        company.agree(target=target)
        result = handover("run", company.case, "--ssh-config", config, "--challenge", 5)
    assert result.code == 3, result.err
    found = challenge_of(company.round(1))
    assert (found["target"]["silent"], found["source"]["answered"]) == (5, 5)
    assert "When it was asked again, the RECEIVER's host did not answer" in words(result.out)
    assert company.verify(company.round(1), "--require", "none").code == 3


def test_two_honest_hosts_confirm_every_file(company, hosts):
    old, new, config = hosts
    company.agree(source=old.url(company.old), target=new.url(company.new))
    result = handover("run", company.case, "--ssh-config", config, "--challenge", 10)
    assert result.code == 0, result.err
    found = challenge_of(company.round(1))
    assert (found["asked"], found["agreed"], found["differ"]) == (10, 10, 0)
    assert (
        f"Had a host lacked 1 of these {_PAGES + 1} files, this would have shown it with a chance of 24.39 %"
        in words(result.out)
    )
    assert company.verify(company.round(1), "--require", "none").json["intact"]


def test_hosts_that_differ_are_both_doubted_when_neither_is_the_one_that_asks(company, hosts):
    old, _, config = hosts
    with liar(company) as (target, liars):
        company.agree(source=old.url(company.old), target=target)
        both = company.folder / "both"
        both.write_text(liars.read_text().replace("Host *\n", "Host *\n" + keys_of(config)))
        known = company.folder / "ssh_config.known_hosts"
        known.write_text(known.read_text() + Path(f"{config}.known_hosts").read_text())
        result = handover("run", company.case, "--ssh-config", both, "--challenge", 5)
    assert result.code == 3, result.err
    assert "at least one does not have the contents that it claims" in words(result.out)
    assert "were not confirmed, because of one or both hosts" in words(result.out)


def keys_of(config: Path) -> str:
    return "".join(line + "\n" for line in config.read_text().splitlines() if "IdentityFile" in line)


@pytest.mark.parametrize("flags", [("--quick",), ()])
def test_a_challenge_that_nobody_can_answer_is_refused_before_anything_is_read(company, flags):
    source = company.old if flags else company.scan("own.manifest")
    refused = handover("compare", source, company.new, "--challenge", 5, *flags, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, 2)
    assert "Read the" not in refused.err


# Two different round 2: one for each listener.


@pytest.fixture
def two_stories(company):
    """A copy of a case with another round 2 than the case itself; both are signed by the receiver."""
    company.agree()
    assert handover("run", company.case).code == 0
    shutil.copytree(company.case, company.folder / "other case")
    assert handover("run", company.case).code == 0
    (company.new / _PICTURE).unlink()
    assert handover("run", company.folder / "other case").code == 1
    other = company.folder / "other case" / "rounds" / "0002"
    company.answer("receiver", number=2)
    assert company.sign(other, "receiver", "--decision", "reject", "--facts", "confirmed").code == 0
    return company, other


def test_two_different_rounds_of_one_number_are_shown_by_who_has_both(two_stories):
    company, other = two_stories
    checked = company.verify(company.round(2), "--require", "receiver")
    assert checked.code == 0
    checked = company.verify(company.round(2), "--require", "receiver", "--previous", other)
    assert (checked.code, checked.json["verified"]) == (4, False)
    assert "is another round 2 of this case: there are two" in details(checked, "report")
    # Each has the receiver's signature, by one key, over another SHA256SUMS: that is who told two stories.
    keys = {
        signature["key"]
        for bundle in (company.round(2), other)
        for signature in company.verify(bundle, "--require", "receiver").json["signatures"]
        if signature["valid"] and signature["trusted"]
    }
    assert len(keys) == 1


def test_a_later_round_tells_which_of_two_it_was_made_after(two_stories):
    company, other = two_stories
    assert handover("run", company.case).code == 1
    assert company.verify(company.round(3), "--require", "none").json["intact"]
    for one, given, said in (
        (company.round(3), other, "it was made after another round 2 than"),
        (other, company.round(3), "was made after another round 2 than this one"),
    ):
        checked = company.verify(one, "--require", "none", "--previous", given)
        assert checked.code == 4
        assert said in details(checked, "report")
