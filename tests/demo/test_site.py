"""The demo's migration has exactly the faults that it tells of, seen with stock tools."""

from __future__ import annotations

import os
import stat
import subprocess

import pytest

from handover.demo import site

#: SHA-256 over the sorted lines of `sha256sum` for every file of the site, fixed so that every machine shows the same.
SITE_SHA256 = "356dfa2364389f517612b845414aeb36e08ceb32041149565b6ed350278433ff"


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    site.build(folder / "old")
    site.migrate(folder / "old", folder / "new")
    return folder / "old", folder / "new"


def shell(command: str, folder) -> list[str]:
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C.UTF-8"}
    )
    return sorted(done.stdout.splitlines())


def sums(folder) -> dict[str, str]:
    lines = shell("find . -type f ! -perm 000 -exec sha256sum {} +", folder)
    return {path.removeprefix("./"): digest for digest, path in (line.split("  ", 1) for line in lines)}


def paths(folder, *tests: str) -> set[str]:
    return {line.removeprefix("./") for line in shell(f"find . -mindepth 1 {' '.join(tests)}", folder)}


def test_the_site_looks_like_one(copies):
    old, _ = copies
    files = paths(old, "-type f")
    assert 200 <= len(files) <= 300
    assert 15_000_000 <= sum((old / path).stat().st_size for path in files) <= 25_000_000
    assert {".htaccess", "wp-config.php", "wp-content/uploads/2025/otwarcie-sklepu.mp4"} <= files
    assert any("ł" in path for path in files)
    assert any("ö" in path for path in files)
    assert paths(old, "-type d -empty") == {"wp-content/uploads/2026"}
    assert paths(old, "-type l") == {"wp-content/uploads/latest"}


def test_it_is_the_same_site_on_every_machine(copies):
    lines = shell("find . -type f -exec sha256sum {} +", copies[0])
    digest = subprocess.run(["sha256sum"], input="\n".join(lines).encode(), capture_output=True).stdout.split()[0]
    assert digest.decode() == SITE_SHA256


def test_exactly_the_faults_of_the_list_happened(copies):
    old, new = copies
    lost_year = "wp-content/uploads/2022"
    lost = paths(old) - paths(new)
    assert lost == {".htaccess", "wp-content/uploads/2026", lost_year} | {
        p for p in paths(old) if p.startswith(lost_year + "/")
    }
    assert paths(new) - paths(old) == {"cgi-bin", "cgi-bin/status.cgi", ".ftpquota", "error_log"}
    before, after = sums(old), sums(new)
    changed = {path for path in before.keys() & after.keys() if before[path] != after[path]}
    assert changed == {
        "wp-content/uploads/2025/otwarcie-sklepu.mp4",
        "wp-content/themes/pracownia/style.css",
        "wp-config.php",  # as it must: the database of the new host
    }
    assert paths(new, "-perm 000") == {"wp-content/uploads/2024/umowa-z-dostawcą.pdf"}


def test_each_fault_of_the_list_is_told_with_its_place(copies):
    told = {fault.path for fault in site.FAULTS}
    assert all(os.path.lexists(copies[0] / path) or os.path.lexists(copies[1] / path) for path in told)
    assert len(told) == len(site.FAULTS) == 7


def test_the_video_is_the_same_up_to_where_it_ends_and_the_text_up_to_its_line_ends(copies):
    old, new = copies
    video = "wp-content/uploads/2025/otwarcie-sklepu.mp4"
    whole, cut = (old / video).read_bytes(), (new / video).read_bytes()
    assert whole.startswith(cut)
    assert 2**20 < len(cut) < len(whole)
    text = "wp-content/themes/pracownia/style.css"
    assert (new / text).read_bytes() == (old / text).read_bytes().replace(b"\n", b"\r\n")


def test_what_arrived_well_kept_its_time(copies):
    old, new = copies
    faulty = {"wp-content/uploads/2025/otwarcie-sklepu.mp4", "wp-content/themes/pracownia/style.css", "wp-config.php"}
    for path in (paths(old, "-type f") & paths(new, "-type f")) - faulty:
        assert (old / path).stat().st_mtime_ns == (new / path).stat().st_mtime_ns
        assert stat.S_IMODE((old / path).stat().st_mode) != 0
