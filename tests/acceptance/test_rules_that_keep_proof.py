"""A move that changed what every move changes ends well, by rules that name it; and one byte more is still found."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.cli import handover

RULES = """\
rules:
  - ignore_block: {path: .htaccess, begin: "# php -- BEGIN cPanel", end: "# php -- END cPanel"}
    reason: the version of PHP, written by the old panel
  - equal_after: {path: "**/*.php", replace: {/home/old/public_html: /home/new/web}}
    reason: absolute paths of the account
"""
PANEL = b"""
# php -- BEGIN cPanel-generated handler, do not edit
<IfModule mime_module>
  AddHandler application/x-httpd-ea-php81 .php .php8 .phtml
</IfModule>
# php -- END cPanel-generated handler, do not edit
"""
OWN = b"# BEGIN WordPress\nRewriteEngine On\n# END WordPress\n"


@pytest.fixture
def moved(hosts, copy, tmp_path):
    """A site as it was and as it is after the move, and how to compare both over SSH."""
    old, new, config = hosts
    source, target = copy("source"), copy("target")
    for root in (source, target):
        (root / ".htaccess").unlink(missing_ok=True)  # Debian's is a link into /etc
    (source / ".htaccess").write_bytes(OWN + PANEL)
    (target / ".htaccess").write_bytes(OWN)
    for number in range(5):
        for root, path in ((source, b"/home/old/public_html"), (target, b"/home/new/web")):
            (root / f"local-{number}.php").write_bytes(b"<?php\nrequire '%b/x.php';\n" % path * (number * 5000 + 1))
    (tmp_path / "rules.yaml").write_text(RULES)

    def run(*flags):
        return handover("compare", old.url(source), new.url(target), "--ssh-config", config, "--json", *flags)

    return source, target, run


def test_what_the_rules_name_is_agreed_and_the_bundle_is_verified_by_computing_it_again(moved, tmp_path: Path):
    _, target, run = moved
    bundle = tmp_path / "bundle"
    assert run().code == 1
    result = run("--rules", tmp_path / "rules.yaml", "-o", bundle)
    assert (result.code, result.json["verdict"]) == (0, "complete_as_agreed"), result.err
    (part,) = result.json["parts"]
    assert {d["path"]: d["why"] for d in part["differences"]} == {
        ".htaccess": ["size", "same_without_block"],
        **{f"local-{number}.php": ["size", "same_after_replacement"] for number in range(5)},
    }
    assert part["counts"]["agreed"] == 6
    page = (bundle / "report.en.html").read_text()
    assert f"{len(PANEL)} bytes in 1 place hidden by a rule" in page.replace("\xa0", " ")
    assert "is the same without the blocks that the rule names" in page
    assert handover("verify", bundle, "--require", "none").code == 0
    (target / "local-3.php").write_bytes((target / "local-3.php").read_bytes() + b"// ")
    later = run("--rules", tmp_path / "rules.yaml")
    assert later.code == 1
    (part,) = later.json["parts"]
    assert [d["path"] for d in part["differences"] if d["class"] == "changed"] == ["local-3.php"]


def test_manifests_that_were_made_apart_agree_by_the_rules_that_each_was_made_with(moved, tmp_path: Path):
    source, target, _ = moved
    rules, made = tmp_path / "rules.yaml", {}
    for role, root in (("source", source), ("target", target)):
        for flags in ((), ("--rules", rules)):
            made[role, bool(flags)] = tmp_path / f"{role}{len(flags)}.manifest"
            assert handover("scan", root, "-o", made[role, bool(flags)], "--role", role, *flags).code == 0
    flags = ("--rules", rules, "--same-host", "--json")
    both = handover("compare", made["source", True], made["target", True], *flags)
    assert (both.code, both.json["verdict"]) == (0, "complete_as_agreed"), both.err
    without = handover("compare", made["source", False], made["target", True], *flags)
    assert without.code == 1
    (part,) = without.json["parts"]
    assert {d["class"] for d in part["differences"]} == {"changed"}
    assert all("without_rule_source" in d["why"] for d in part["differences"])


def test_the_rules_of_terms_hold_in_every_round_and_a_later_round_carries_what_they_made(moved, tmp_path: Path):
    source, target, _ = moved
    case = tmp_path / "case"
    case.mkdir()
    started = handover("init", case, "--source", source, "--target", target)
    assert started.code == 0, started.err
    terms = case / "handover.yaml"
    text = terms.read_text()
    at = text.index("    #rules:")
    terms.write_text(text[:at] + "".join(f"    {line}\n" for line in RULES.splitlines()) + text[at:])
    for flags in ((), ("--previous",)):
        done = handover("run", case, "--same-host", "--json", *flags)
        assert (done.code, done.json["verdict"]) == (0, "complete_as_agreed"), done.err
    for number in ("0001", "0002"):
        assert handover("verify", case / "rounds" / number, "--require", "none").code == 0
    shutil.rmtree(case)
