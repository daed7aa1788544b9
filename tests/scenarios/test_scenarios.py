"""Bad copies, each made by the tool that makes it: the right cause comes first, and no wrong one is sure."""

from __future__ import annotations

import os
import random
import shlex
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from support import ftp


def sh(command: str, *paths: Path, check: bool = True) -> None:
    """Run a line of shell; ``{0}``, ``{1}``, … are the paths."""
    subprocess.run(["bash", "-c", command.format(*(shlex.quote(str(path)) for path in paths))], check=check)


def first(found: list[dict], cause: str, *, share: float = 0.9, also: tuple[str, ...] = ()) -> dict:
    """Return the first finding, which has this cause; no other is told with high confidence but those in ``also``."""
    told = [(f["cause"], f["confidence"], f["share"], f["title"]) for f in found]
    assert found, "no cause found"
    assert found[0]["cause"] == cause, told
    assert float(found[0]["share"]) >= share, told
    assert {f["cause"] for f in found if f["confidence"] == "high"} <= {cause, *also}, told
    return found[0]


def test_an_identical_copy_has_no_cause(site, copied, explain):
    assert explain(site, copied) == []


def test_copied_with_a_star(site, new, explain):
    new.mkdir()
    sh("cp -a {0}/* {1}/", site, new)
    assert first(explain(site, new), "top_dotfiles_missing")["confidence"] == "high"


def test_an_archive_cut_by_head(site, new, explain):
    new.mkdir()
    sh("tar -C {0} -cf - . | head -c 9000000 | tar -C {1} -xf - 2>/dev/null", site, new, check=False)
    first(explain(site, new), "cut_off", share=0.95)


def test_an_archive_in_order_of_names_cut_by_head(site, new, explain):
    new.mkdir()
    sh("tar --sort=name -C {0} -cf - . | head -c 9000000 | tar -C {1} -xf - 2>/dev/null", site, new, check=False)
    assert first(explain(site, new), "cut_off", share=0.95)["confidence"] == "high"


def test_rsync_that_was_killed(site, new, explain):
    new.mkdir()
    with subprocess.Popen(
        ["rsync", "-a", "--bwlimit=4000", f"{site}/", f"{new}/"], process_group=0, stderr=subprocess.DEVNULL
    ) as job:
        time.sleep(2.5)
        os.killpg(job.pid, signal.SIGKILL)
    first(explain(site, new), "cut_off", share=0.9, also=("transfer_leftovers",))


def test_rsync_with_a_largest_size(site, new, explain):
    sh("rsync -a --max-size=1m {0}/ {1}/", site, new)
    found = first(explain(site, new), "size_limit")
    assert found["confidence"] == "high"
    assert found["title"] == "Every missing file is larger than 1 MiB"


def test_find_with_a_largest_size(site, new, explain):
    new.mkdir()
    sh("cd {0} && find . -type f -size -65 -print0 | tar -c --null -T - | tar -x -C {1}", site, new)
    first(explain(site, new), "size_limit", also=("empty_folders_dropped",))


def test_rsync_without_videos(site, new, explain):
    sh("rsync -a --exclude='*.mp4' --exclude='*.svg' {0}/ {1}/", site, new)
    first(explain(site, new), "filtered")


def test_rsync_without_any_dotfile(site, new, explain):
    sh("rsync -a --exclude='.*' {0}/ {1}/", site, new)
    first(explain(site, new), "dotfiles_filtered")


def test_fetched_by_ftp_in_text_mode(site, new, explain):
    with ftp.served(site) as client:
        ftp.download(site, client, new, text=True)
    first(explain(site, new), "line_ends_changed", share=0.9, also=("links_followed",))


def test_texts_of_windows_sent_by_ftp_in_text_mode(site, new, tmp_path, explain):
    windows = tmp_path / "windows"
    sh("cp -a {0} {1} && cd {1} && find . -name '*.php' -exec sed -i 's/$/\\r/' {{}} +", site, windows)
    new.mkdir()
    with ftp.served(new) as client:
        ftp.upload(windows, client, text=True)
    first(explain(windows, new), "line_ends_changed", also=("links_followed",))


def test_a_transfer_in_text_mode_with_sed(site, copied, explain):
    sh("cd {0} && find . -type f -exec sed -i -z 's/\\n/\\r\\n/g' {{}} +", copied)
    first(explain(site, copied), "line_ends_changed", share=0.9)


@pytest.mark.parametrize("change", ["-f utf8 -t cp1250", "-f utf8 -t iso-8859-2", "-f utf8 -t cp852"])
def test_names_in_a_code_page(site, copied, change, explain):
    convmv(copied, change)
    assert first(explain(site, copied), "names_encoding")["confidence"] == "high"


def test_names_encoded_twice(site, copied, explain):
    convmv(copied, "--nosmart -f cp1252 -t utf8")
    assert first(explain(site, copied), "names_encoding")["confidence"] == "high"


def test_names_from_a_mac(site, copied, explain):
    convmv(copied, "-f utf8 -t utf8 --nfd")
    assert first(explain(site, copied), "names_composition")["confidence"] == "high"


def test_names_percent_encoded(site, copied, explain):
    rename(copied, lambda name: quote(name).encode())
    assert first(explain(site, copied), "names_percent")["confidence"] == "high"


def test_letters_replaced(site, copied, explain):
    rename(copied, lambda name: "".join(char if char.isascii() else "_" for char in name.decode()).encode())
    assert first(explain(site, copied), "names_replaced")["confidence"] == "high"


def test_names_in_small_letters(site, copied, explain):
    convmv(copied, "-f utf8 --lower")
    assert first(explain(site, copied), "names_case")["confidence"] == "high"


@pytest.mark.parametrize("unpack", ["python3 -m zipfile -e {1} {0}", "unzip -q {1} -d {0}"])
def test_unzipped_with_a_wrong_code_page(site, new, tmp_path, unpack, explain):
    packed = tmp_path / "site.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(site.rglob("*")):
            if not path.is_symlink():
                name = str(path.relative_to(site)) + "/" * path.is_dir()
                archive.writestr(DosName(name), b"" if path.is_dir() else path.read_bytes())
    sh(unpack, new, packed)
    first(explain(site, new), "names_encoding", share=0.8)


class DosName(zipfile.ZipInfo):
    """A name in cp852 without the flag for UTF-8, as Polish Windows packs it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.create_system = 0

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802  the library's name
        return self.filename.encode("cp852"), 0


def test_twins_on_a_filesystem_without_case(site, new, tmp_path, explain):
    old = tmp_path / "old"
    sh("cp -a {0} {1}", site, old)
    for number in range(4):
        (old / f"wp-content/uploads/Logo{number}.png").write_bytes(b"upper %d" % number)
        (old / f"wp-content/uploads/logo{number}.png").write_bytes(b"lower %d" % number)
    new.mkdir()
    with without_case(new, tmp_path / "stick") as mounted:
        if mounted:  # cp says that it cannot make the link, and that it will not write a file over its twin
            sh("cp -r --preserve=timestamps {0}/. {1} 2>/dev/null", old, new, check=False)
        else:  # where nobody may mount, the same is done by hand
            sh("cp -a {0}/. {1}", old, new)
            for number in range(4):
                (new / f"wp-content/uploads/logo{number}.png").replace(new / f"wp-content/uploads/Logo{number}.png")
        first(explain(old, new), "name_collision", share=0.8)


def test_a_umask(site, new, explain):
    sh("umask 077; cp -r --preserve=links,timestamps {0} {1}", site, new)
    first(explain(site, new, "--require", "mode"), "umask")


def test_a_full_disk(site, new, explain):
    new.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", new], capture_output=True)
    if mounted.returncode:  # where nobody may mount, the same is done by hand: cp makes every file and fills none
        sh("cp -a {0}/. {1}", site, new)
        time.sleep(0.1)
        for path in sorted(p for p in (new / "wp-content").rglob("*") if p.is_file())[100:]:
            path.write_bytes(b"")
        first(explain(site, new), "disk_full")
        return
    try:
        sh("cp -a {0}/. {1} 2>/dev/null", site, new, check=False)
        first(explain(site, new, "--require", "no_extra"), "disk_full")
    finally:
        subprocess.run(["umount", new], check=True)


def test_files_of_length_zero(site, copied, explain):
    for path in random.Random(3).sample(sorted((copied / "wp-content/uploads").rglob("*.jpg")), 12):
        path.write_bytes(b"")
        os.utime(path, (1, 1))
    sh("find {0} -type f -exec chmod u+w {{}} +", copied)
    first(explain(site, copied), "zero_length")


def test_files_of_zero_bytes(site, copied, explain):
    for path in random.Random(3).sample(sorted((copied / "wp-content/uploads").rglob("*.jpg")), 12):
        path.write_bytes(bytes(path.stat().st_size))
    first(explain(site, copied), "zero_filled")


def test_a_truncated_video(site, copied, explain):
    os.truncate(copied / "wp-content/uploads/2024/06/film-5.mp4", 3_500_000)
    found = first(explain(site, copied), "truncated")
    assert "identical up to 3,145,728 bytes; the last 1,954,272 bytes" in found["evidence"][0]


def test_bits_that_flipped(site, copied, explain):
    for path in random.Random(3).sample(sorted((copied / "wp-content/uploads").rglob("*.jpg")), 5):
        told = path.stat()
        with path.open("r+b") as stream:
            stream.seek(100)
            stream.write(b"X")
        os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
    first(explain(site, copied), "corrupted_in_place")


def test_rsync_by_sizes_alone(site, new, tmp_path, explain):
    old = tmp_path / "old"
    sh("cp -a {0} {1} && cp -a {0} {2}", site, old, new)
    time.sleep(1.1)
    for path in sorted(old.rglob("*.php"))[::40]:
        path.write_bytes(path.read_bytes().swapcase())
    sh("rsync -rlt --size-only {0}/ {1}/", old, new)
    first(explain(old, new), "sizes_compared_only")


def test_a_clone_without_links(site, new, tmp_path, explain):
    store = tmp_path / "store"
    sh("git init -q {0} && cp -a {1}/. {0} && cd {0} && ln -s index.php home.php && git add -Af . >/dev/null && "
       "git -c user.name=a -c user.email=a@site.example commit -qm site && "
       "git clone -q -c core.symlinks=false {0} {2} && rm -rf {2}/.git {0}/.git", store, site, new)  # fmt: skip
    found = explain(store, new)
    assert {f["cause"] for f in found} == {"links_written_out", "empty_folders_dropped"}


def test_scp_follows_links(site, new, explain):
    sh("cp -rL --preserve=timestamps {0} {1}", site, new)
    first(explain(site, new), "links_followed")


def test_a_copy_without_links(site, new, explain):
    sh("rsync -a --no-links {0}/ {1}/ 2>/dev/null", site, new)
    first(explain(site, new), "links_dropped")


def test_links_that_point_elsewhere(site, new, tmp_path, explain):
    old = tmp_path / "old"
    sh("cp -a {0} {1}", site, old)
    for name in ("a", "b", "c"):
        (old / name).symlink_to(f"/home/old/public_html/{name}.php")
    sh("cp -a {0} {1}", old, new)
    for name in ("a", "b", "c"):
        (new / name).unlink()
        (new / name).symlink_to(f"/var/www/new/{name}.php")
    found = first(explain(old, new), "links_retargeted")
    assert "“/home/old/public_html” became “/var/www/new”" in found["title"].replace("/a.php", "")


def test_the_root_one_level_too_deep(site, new, explain):
    new.mkdir()
    sh("cp -a {0} {1}/public_html", site, new)
    found = first(explain(site, new), "root_shifted", share=0.99)
    assert "“public_html”" in found["title"]


def test_the_root_one_level_too_high(site, new, tmp_path, explain):
    outer = tmp_path / "outer"
    outer.mkdir()
    sh("cp -a {0} {1}/public_html", site, outer)
    sh("cp -a {0} {1}", site, new)
    first(explain(outer, new), "root_shifted", share=0.99)


def test_a_folder_that_was_moved(site, copied, explain):
    (copied / "wp-content/uploads/2024").rename(copied / "wp-content/archive-2024")
    found = first(explain(site, copied), "moved", share=0.99)
    assert "“wp-content/uploads/2024” is in “wp-content/archive-2024”" in found["title"]


def test_a_folder_that_was_left_out(site, new, explain):
    sh("rsync -a --exclude=/wp-content/uploads/2024/ {0}/ {1}/", site, new)
    first(explain(site, new), "subtree_missing", share=0.99)


def test_empty_folders_in_git(site, new, tmp_path, explain):
    store = tmp_path / "store"
    sh("git init -q {0} && cp -a {1}/. {0} && cd {0} && git add -Af . >/dev/null && "
       "git -c user.name=a -c user.email=a@site.example commit -qm site && git clone -q {0} {2} && rm -rf {2}/.git",
       store, site, new)  # fmt: skip
    first(explain(site, new), "empty_folders_dropped")


def test_empty_folders_in_zip(site, new, tmp_path, explain):
    sh("cd {0} && zip -qryD {1}/site.zip . && unzip -q {1}/site.zip -d {2}", site, tmp_path, new)
    first(explain(site, new), "empty_folders_dropped")


def test_an_older_backup(site, new, tmp_path, explain):
    sh("rsync -a {0}/ {1}/", site, new)
    sh("find {0} -type f -newermt 2025-06-01 -delete", new)
    first(explain(site, new), "older_backup", share=0.9)


def test_a_copy_of_new_files_alone(site, new, explain):
    new.mkdir()
    sh("cd {0} && find . -type f -newermt 2023-07-01 -print0 | tar -c --null -T - | tar -x -C {1}", site, new)
    first(explain(site, new), "newer_only", also=("empty_folders_dropped",))


def test_edited_after_the_copy(site, new, tmp_path, explain):
    old = tmp_path / "old"
    sh("cp -a {0} {1} && cp -a {1} {2}", site, old, new)
    time.sleep(1.1)
    for path in sorted(old.glob("wp-content/uploads/*/*/*.jpg"))[::25]:
        path.write_bytes(path.read_bytes() + b"retouched")
    for number in range(6):
        (old / f"wp-content/uploads/new-{number}.jpg").write_bytes(b"new %d" % number)
    first(explain(old, new), "edited_after_copy")


def test_an_archive_left_unpacked(site, new, tmp_path, explain):
    new.mkdir()
    sh("cd {0} && zip -qry {1}/site.zip .", site, new)
    first(explain(site, new), "archive_not_unpacked", share=0.99)


def test_an_archive_of_uploads_left_unpacked(site, new, explain):
    sh("rsync -a --exclude=/wp-content/uploads/ {0}/ {1}/", site, new)
    sh("cd {0}/wp-content && tar czf {1}/wp-content/uploads.tar.gz uploads", site, new)
    first(explain(site, new), "archive_not_unpacked", share=0.95)


def test_cleaned_up_after_arrival(site, copied, explain):
    time.sleep(1.2)
    for path in random.Random(3).sample(sorted((copied / "wp-content").rglob("*.php")), 8):
        path.unlink()
    first(explain(site, copied), "deleted_after_arrival", also=())


def test_a_panel_that_leaves_out_foreign_files(site, new, tmp_path, explain):
    old = tmp_path / "old"
    sh("cp -a {0} {1}", site, old)
    foreign = random.Random(3).sample(sorted((old / "wp-content/uploads").rglob("*.jpg")), 30)
    if os.geteuid() == 0:
        for path in foreign:
            os.chown(path, 33, 33)
        sh("cp -a {0} {1} && find {1} -user 33 -delete", old, new)
        first(explain(old, new), "not_owned_by_account")


def test_a_web_server_that_may_not_read(site, new, tmp_path, explain):
    old = tmp_path / "old"
    sh("cp -a {0} {1} && chmod -R a+rX {1}", site, old)
    for path in random.Random(3).sample(sorted((old / "wp-content/uploads").rglob("*.jpg")), 30):
        path.chmod(0o600)
    sh("cp -a {0} {1} && find {1} -type f ! -perm -o=r -delete", old, new)
    first(explain(old, new), "unreadable_for_sender")


def test_pieces_of_a_transfer(site, copied, explain):
    for path in sorted((copied / "wp-content/uploads").rglob("*.zip")):
        os.truncate(path, path.stat().st_size // 2)
        path.rename(f"{path}.filepart")
    first(explain(site, copied), "transfer_leftovers")


def test_a_domain_replaced_with_sed(site, copied, explain):
    sh("grep -rlZ --include='*.php' wordpress {0} | xargs -0 sed -i 's/wordpress/new-site/g'", copied)
    first(explain(site, copied), "text_replaced")


def test_a_program_that_was_updated_on_the_new_host(site, wordpress, new, tmp_path, explain):
    old, dice = tmp_path / "old", random.Random(4)
    sh("cp -a {0} {1} && cp -a {2}/wp-includes/version.php {1}/wp-includes && cp -a {1} {3}", site, old, wordpress, new)
    texts = [path for path in sorted(new.glob("wp-admin/**/*.php")) if dice.random() < 0.4]
    for path in [new / "wp-includes/version.php", *texts]:
        path.write_bytes(path.read_bytes() + b"." * dice.randrange(1, 200))
    for number in range(9):
        (new / f"wp-admin/new-{number}.php").write_text(f"<?php // {number}")
    first(explain(old, new), "other_version")


def test_sed_over_everything(site, copied, explain):
    sh("cd {0} && find . -type f -exec sed -i 's/a/bb/g' {{}} +", copied)
    assert "damaged" in " ".join(first(explain(site, copied), "text_replaced")["evidence"])


def test_files_cut_at_one_size(site, copied, explain):
    sh("find {0} -name '*.jpg' -size +20k -exec truncate -s 20000 {{}} +", copied)
    assert first(explain(site, copied), "truncated")["title"] == "Files were cut at 20,000 bytes"


def test_a_disk_without_inodes(site, new, explain):
    new.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=500", "tmpfs", new], capture_output=True).returncode:
        sh("tar --sort=name -C {0} -cf - . | head -c 9000000 | tar -C {1} -xf - 2>/dev/null", site, new, check=False)
        first(explain(site, new), "cut_off", share=0.95)
        return
    try:
        sh("cp -a {0}/. {1}/ 2>/dev/null", site, new, check=False)
        assert "df -i" in first(explain(site, new), "cut_off")["remedy"][0]
    finally:
        subprocess.run(["umount", new], check=True)


def test_a_clone_that_changes_line_ends(site, new, tmp_path, explain):
    store = tmp_path / "store"
    sh("git init -q {0} && cp -a {1}/. {0} && cd {0} && git add -Af . >/dev/null 2>&1 && "
       "git -c user.name=a -c user.email=a@site.example commit -qm site && "
       "git -c core.autocrlf=true clone -q {0} {2} && rm -rf {2}/.git", store, site, new)  # fmt: skip
    first(explain(site, new), "line_ends_changed", also=("empty_folders_dropped",))


def test_a_script_that_does_not_quote(site, new, explain):
    new.mkdir()
    sh("cd {0} && find . | LC_ALL=C grep -v '[^ -~]' | cpio -pdm --quiet {1} 2>/dev/null || "
       "find . | LC_ALL=C grep -v '[^ -~]' | tar -c --no-recursion -T - | tar -x -C {1}", site, new)  # fmt: skip
    first(explain(site, new), "refused_non_ascii")


def test_what_hosts_add(site, copied, explain):
    (copied / "cgi-bin").mkdir()
    (copied / ".ftpquota").write_text("1 2\n")
    (copied / "wp-admin/error_log").write_text("PHP Warning\n")
    first(explain(site, copied), "added_by_hosting")


def test_only_caches(site, new, tmp_path, explain):
    old = tmp_path / "old"
    sh("cp -a {0} {1}", site, old)
    cache = old / "wp-content/cache/pages"
    cache.mkdir(parents=True)
    for number in range(30):
        (cache / f"{number}.html").write_text(f"page {number}")
    sh("rsync -a --exclude='cache/pages/1*' {0}/ {1}/", old, new)
    first(explain(old, new), "generated_files")


def test_several_causes_at_once_are_told_side_by_side(site, new, explain):
    sh("rsync -a --max-size=1m --exclude='.*' --exclude=/wp-content/uploads/2022/ --no-links {0}/ {1}/", site, new)
    for path in random.Random(5).sample(sorted((new / "wp-content/uploads").rglob("*.jpg")), 4):
        path.write_bytes(bytes(path.stat().st_size))
    found = explain(site, new)
    assert {f["cause"] for f in found} == {
        "subtree_missing", "size_limit", "dotfiles_filtered", "zero_filled",
    }  # fmt: skip
    assert sum(float(f["share"]) for f in found) > 0.97


def test_losses_without_a_pattern_have_no_sure_cause(site, new, tmp_path, explain):
    lost = random.Random(11).sample(sorted(p for p in site.rglob("*") if p.is_file() and not p.is_symlink()), 40)
    names = tmp_path / "lost"
    names.write_text("".join(f"/{path.relative_to(site)}\n" for path in lost))
    sh("rsync -a --exclude-from={0} {1}/ {2}/", names, site, new)
    assert [f["cause"] for f in explain(site, new) if f["confidence"] == "high"] == []


def test_a_copy_that_was_killed(site, new, explain):
    count = sum(1 for _ in site.rglob("*")) // 2
    sh(f"stdbuf -oL cp -rv {{0}} {{1}} 2>/dev/null | head -n {count} >/dev/null", site, new, check=False)
    first(explain(site, new), "cut_off", share=0.95)


def test_a_copy_that_was_killed_where_times_are_asked_for(site, new, explain):
    count = sum(1 for _ in site.rglob("*")) // 2
    sh(f"stdbuf -oL cp -rv {{0}} {{1}} 2>/dev/null | head -n {count} >/dev/null", site, new, check=False)
    found = explain(site, new, "--require", "mtime")
    assert {"cut_off", "times_not_kept"} <= {f["cause"] for f in found}
    assert {f["cause"] for f in found if f["confidence"] == "high"} <= {"cut_off", "times_not_kept"}


def test_an_archive_cut_by_head_in_a_site_of_few_files(new, tmp_path, explain):
    old = flat(tmp_path / "old")
    new.mkdir()
    sh("tar --sort=name -C {0} -cf - . | head -c 200000 | tar -C {1} -xf - 2>/dev/null", old, new, check=False)
    first(explain(old, new), "cut_off", also=("truncated",))


def test_losses_in_a_site_of_few_files_have_no_sure_cause(new, tmp_path, explain):
    old = flat(tmp_path / "old")
    sh("cp -a {0} {1} && rm {1}/page-3.html {1}/photo-2.jpg && touch -r {0} {1}", old, new)
    assert [f["cause"] for f in explain(old, new) if f["confidence"] == "high"] == []


def flat(root: Path) -> Path:
    """A site of twelve files in one folder."""
    root.mkdir()
    dice = random.Random(2)
    for number in range(6):
        (root / f"page-{number}.html").write_bytes(b"<p>page %d</p>\n" % number * 40)
        (root / f"photo-{number}.jpg").write_bytes(dice.randbytes(60_000))
    return root


def test_rsync_without_what_the_camera_numbered(site, new, explain):
    sh("rsync -a --exclude='IMG_*' {0}/ {1}/", site, new)
    found = first(explain(site, new), "filtered")
    assert "IMG_*.jpg" in found["title"]


def test_pictures_that_went_up_in_text_mode(site, copied, explain):
    for path in copied.rglob("*.jpg"):
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    first(explain(site, copied), "line_ends_changed")


def test_a_log_that_grew_after_the_copy(site, new, tmp_path, explain):
    old = tmp_path / "old"
    sh("cp -a {0} {1} && seq 300000 > {1}/wp-content/debug.log && cp -a {1} {2} && sleep 1.1 && "
       "seq 300000 400000 >> {1}/wp-content/debug.log", site, old, new)  # fmt: skip
    assert explain(old, new)[0]["cause"] in ("grown_on_source", "generated_files")
    os.rename(old / "wp-content/debug.log", old / "wp-content/orders.csv")
    os.rename(new / "wp-content/debug.log", new / "wp-content/orders.csv")
    first(explain(old, new), "grown_on_source")


def test_folders_that_another_account_may_not_look_into(site, new, tmp_path, explain):
    old = tmp_path / "old"
    sh("cp -a {0} {1} && chmod -R u=rwX,go=rX {1} && chmod 700 {1}/wp-content/uploads/202[13]/0[1-3]", site, old)
    sh("cp -a {0} {1} && rm {1}/wp-content/uploads/202[13]/0[1-3]/*", old, new)
    first(explain(old, new), "unreadable_for_sender")


def test_a_folder_of_the_web_servers_that_a_panel_leaves_out(site, new, tmp_path, explain):
    old = tmp_path / "old"
    sh("cp -a {0} {1} && chown -R 33 {1}/wp-content/uploads/2023", site, old)
    sh("rsync -a --exclude=/wp-content/uploads/2023 {0}/ {1}/", old, new)
    first(explain(old, new), "not_owned_by_account")


def test_files_that_were_emptied_all_over(site, copied, explain):
    for path in random.Random(3).sample(sorted(copied.rglob("*.jpg")), 30):
        path.write_bytes(b"")
    first(explain(site, copied), "zero_length")


def test_polish_folders_from_a_mac(new, tmp_path, explain):
    import unicodedata

    old = tmp_path / "old"
    for number in range(24):
        name = f"Zdjęcia {number % 3}/{('żółw', 'plik', 'Łan')[number % 3]} {number}.jpg"
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        (old / name).write_bytes(b"picture %d" % number)
    sh("cp -a {0} {1}", old, new)
    rename(new, lambda name: unicodedata.normalize("NFD", name.decode()).encode())
    assert first(explain(old, new), "names_composition")["confidence"] == "high"


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda name: quote(name, safe="").encode(), "names_percent"),
        (lambda name: name.replace(b" ", b"-"), "names_replaced"),
        (lambda name: name.replace(b" ", b""), "names_replaced"),
        (lambda name: name.replace(b".JPG", b".jpg"), "names_case"),
    ],
)
def test_names_that_a_program_tidied(new, tmp_path, change, cause, explain):
    old = tmp_path / "old"
    for number in range(24):
        name = f"folder {number % 3}/Photo {number}.JPG"
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        (old / name).write_bytes(b"picture %d" % number)
    sh("cp -a {0} {1}", old, new)
    rename(new, change)
    assert first(explain(old, new), cause)["confidence"] == "high"


def test_a_backup_that_nobody_unpacked(site, new, explain):
    sh("rsync -a --exclude=/wp-content {0}/ {1}/", site, new)
    sh("cd {0} && tar czf {1}/backup-2026-11-01.tar.gz wp-content", site, new)
    first(explain(site, new), "archive_not_unpacked")


def test_permissions_opened_for_everybody(site, copied, explain):
    sh("chmod -R 777 {0}", copied)
    first(explain(site, copied, "--require", "mode"), "modes_not_kept")


@contextmanager
def without_case(folder: Path, image: Path) -> Iterator[bool]:
    """Mount a new exFAT there, which takes names in large and small letters for one; yields whether that went well."""
    sh("truncate -s 256M {0} && mkfs.exfat {0} >/dev/null", image)
    device = subprocess.run(["losetup", "--find", "--show", image], capture_output=True, text=True).stdout.strip()
    mounted = device and not subprocess.run(["mount.exfat-fuse", device, folder], capture_output=True).returncode
    try:
        yield bool(mounted)
    finally:
        if mounted:
            subprocess.run(["umount", folder], check=True)
        if device:
            subprocess.run(["losetup", "--detach", device], check=True)


def convmv(root: Path, change: str) -> None:
    """Rename everything below a folder with the tool that people use for that."""
    sh(f"convmv -r --notest {change} {{0}} >/dev/null 2>&1", root)


def rename(root: Path, change) -> None:
    """Rename everything below a folder, from the leaves up."""
    for at, folders, names in os.walk(os.fsencode(root), topdown=False):
        for name in (*folders, *names):
            new = change(name)
            if new != name:
                os.rename(os.path.join(at, name), os.path.join(at, new))
