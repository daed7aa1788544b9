"""Bundles: a flat set of files in a folder or a zip, that every reader sees alike."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.bundles import FolderBundle, open_bundle
from handover.errors import HandoverError, LocalIOError, MalformedInput, UsageError
from handover.evidence import bundle as bundles
from handover.evidence import inventory, sums, zip_bundle
from handover.evidence.guarded import guarded
from handover.evidence.statement import FileName

FILES = {"a.txt": b"one", "b-2_c.json": b"", "SHA256SUMS": b"x" * 5000}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "round"
    path.mkdir()
    for name, content in FILES.items():
        (path / name).write_bytes(content)
    return path


def zipped(path: Path, files=None, *, method=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in (FILES if files is None else files).items():
            archive.writestr(name, content)
    return path


def read_all(path: Path) -> dict[str, bytes]:
    with open_bundle(path) as bundle:
        return {name: bundles.read(bundle, name, 10**6) for name in bundle.listing.files}


def problems(path: Path) -> tuple[str, ...]:
    with open_bundle(path) as bundle:
        return bundle.listing.problems


# SHA256SUMS


def test_sums_are_what_sha256sum_writes_and_checks(folder):
    names = sorted(os.listdir(folder))
    stock = subprocess.run(["sha256sum", *names], cwd=folder, capture_output=True, check=True).stdout
    digests = sums.parse(stock, where="s")
    assert sums.write(digests) == stock
    assert list(digests) == names
    with open_bundle(folder) as bundle:
        assert {name: bundles.digest(bundle, name)[0] for name in names} == digests


@pytest.mark.parametrize("text", [
    "no line end",
    "\n",
    "{d} a\n",
    "{d} *a\n",
    "{d}  a\n\n",
    "{d}  a\r\n",
    "\\{d}  a\\n\n",
    "{d}  ../a\n",
    "{d}  /a\n",
    "{d}  a/b\n",
    "{d}  .a\n",
    "{d}  -a\n",
    "{d}  ż\n",
    "{d}  a b\n",
    "{d}  b\n{d}  a\n",
    "{d}  a\n{d}  a\n",
    "{D}  a\n",
    "\ufeff{d}  a\n",
    "# comment\n",
])  # fmt: skip
def test_any_other_form_of_sums_is_malformed(text):
    raw = text.format(d="0a" * 32, D="0A" * 32).encode()
    with pytest.raises(MalformedInput):
        sums.parse(raw, where="s")


def test_endless_sums_are_malformed():
    with pytest.raises(MalformedInput, match="longer"):
        sums.parse(b"a" * 2**21 + b"\n", where="s")


@given(st.dictionaries(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,9}\Z"), st.from_regex(r"\A[0-9a-f]{64}\Z")))
def test_sums_round_trip_in_the_order_of_bytes(digests):
    if digests:
        assert sums.parse(sums.write(digests), where="s") == dict(sorted(digests.items()))


def test_an_unsafe_name_is_never_written():
    with pytest.raises(ValueError):
        sums.write({"../a": "0" * 64})


# Folders


def test_a_folder_lists_its_files(folder):
    assert read_all(folder) == FILES
    assert problems(folder) == ()


def test_what_is_no_plain_file_is_named_and_not_open_bundle(folder):
    (folder / "link").symlink_to(folder / "a.txt")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "sub").mkdir()
    os.mkfifo(folder / "fifo")
    (folder / ".hidden").write_bytes(b"")
    (folder / "esc\x1b[2J").write_bytes(b"")
    with open(os.fsencode(folder) + b"/\xff", "wb"):
        pass
    found = problems(folder)
    assert len(found) == 7
    assert all(problem.isprintable() for problem in found)
    assert read_all(folder) == FILES


@pytest.mark.parametrize("replacement", ["link", "fifo", "folder", "gone"])
def test_a_file_swapped_after_listing_is_not_followed(folder, replacement):
    with open_bundle(folder) as bundle:
        (folder / "a.txt").unlink()
        match replacement:
            case "link":
                (folder / "a.txt").symlink_to("SHA256SUMS")
            case "fifo":
                os.mkfifo(folder / "a.txt")
            case "folder":
                (folder / "a.txt").mkdir()
        with pytest.raises((MalformedInput, LocalIOError)):
            bundles.read(bundle, "a.txt", 100)


def test_a_file_longer_than_allowed_is_not_kept(folder):
    with open_bundle(folder) as bundle, pytest.raises(MalformedInput, match="100"):
        bundles.read(bundle, "SHA256SUMS", 100)


def test_names_that_are_not_listed_are_not_open_bundle(folder, tmp_path):
    for path in (folder, zipped(tmp_path / "z.zip")):
        with open_bundle(path) as bundle, pytest.raises(KeyError):
            bundle.open("../round/a.txt")


def test_no_bundle_is_a_matter_of_usage(tmp_path):
    for path in (tmp_path / "nothing", Path("/dev/null")):
        with pytest.raises(UsageError), open_bundle(path):
            pass


def test_trouble_of_this_machine_is_told_apart_from_the_content():
    class Failing(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(LocalIOError, match="Input/output error"):
        guarded(io.BufferedReader(Failing()), "disk").read()
    with pytest.raises(LocalIOError), open_bundle(Path("/proc/self/mem/x")):
        pass


# Zip archives


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_has_the_same_files_as_the_folder(tmp_path, method):
    path = zipped(tmp_path / "z.zip", method=method)
    assert read_all(path) == FILES
    assert problems(path) == ()


def test_a_zip_written_to_a_pipe_has_descriptors_and_reads(tmp_path):
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, block) -> int:
            self.data += block
            return len(block)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    (tmp_path / "z.zip").write_bytes(pipe.data)
    assert read_all(tmp_path / "z.zip") == FILES


@pytest.mark.parametrize("name", ["../a", "/a", "a/b", "sub/", "C:\\a", ".a", "ż", "a" * 300])
def test_a_name_that_no_bundle_may_have_is_named(tmp_path, name):
    path = zipped(tmp_path / "z.zip", {"ok.txt": b"1", name: b"2"})
    with open_bundle(path) as bundle:
        (problem,) = bundle.listing.problems
        assert ("a folder" in problem) == name.endswith("/")
        assert list(bundle.listing.files) == ["ok.txt"]


def test_a_name_with_a_zero_byte_is_named(tmp_path):
    path = changed(tmp_path, b"a.txt", b"a\0txt", count=2)
    assert problems(path) == ("a\\x00txt is a name that no bundle may have",)


def test_a_folder_in_a_zip_without_a_mode_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("sub/"), b"")
        archive.filelist[0].external_attr = 0
    assert problems(tmp_path / "z.zip") == ("sub/ is a folder, a link or a special file",)


def test_a_big_file_that_does_not_shrink_is_no_bomb(tmp_path):
    path = zipped(tmp_path / "z.zip", {"a": bytes(17 * 2**20)}, method=zipfile.ZIP_STORED)
    with open_bundle(path) as bundle:
        assert bundle.listing.files == {"a": 17 * 2**20}


def test_a_link_in_a_zip_is_named(tmp_path):
    member = zipfile.ZipInfo("a")
    member.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr(member, "b")
    assert "link" in problems(tmp_path / "z.zip")[0]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_named(tmp_path):
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "1")
        archive.writestr("a", "2")
    assert problems(path) == ("a is there twice",)


def changed(tmp_path: Path, old: bytes, new: bytes, *, count: int = 1, files=None) -> Path:
    raw = zipped(tmp_path / "z.zip", files, method=zipfile.ZIP_STORED).read_bytes()
    assert old in raw
    (tmp_path / "z.zip").write_bytes(raw.replace(old, new, count))
    return tmp_path / "z.zip"


def refused(path: Path) -> None:
    with pytest.raises(MalformedInput):
        read_all(path)


def refused_at_sight(path: Path, said: str) -> None:
    with pytest.raises(MalformedInput, match=said), open_bundle(path):
        pass


def test_a_local_header_with_another_name_is_refused(tmp_path):
    refused(changed(tmp_path, b"a.txt", b"b.txt"))


def test_damaged_content_is_refused(tmp_path):
    refused(changed(tmp_path, b"one", b"two"))


def test_bytes_before_the_first_file_are_refused(tmp_path):
    path = zipped(tmp_path / "z.zip")
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    refused(path)


def test_bytes_after_the_end_and_another_count_are_refused(tmp_path):
    path = zipped(tmp_path / "z.zip")
    raw = path.read_bytes()
    path.write_bytes(raw + b"and we reject\n")
    refused(path)
    path.write_bytes(raw[:-12] + b"\x01\x00" + raw[-10:])
    refused(path)


def test_bytes_after_the_end_that_count_the_same_files_are_refused(tmp_path):
    path = zipped(tmp_path / "z.zip")
    raw = path.read_bytes()
    path.write_bytes(raw + b"PK\x05\x07" + raw[-18:])
    refused_at_sight(path, "an end that is not its last bytes")


def test_a_file_hidden_between_two_others_is_refused(tmp_path):
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a", "hidden", "b"):
            archive.writestr(name, "x")
        archive.filelist = [member for member in archive.filelist if member.filename != "hidden"]
    refused(path)


def test_a_file_hidden_behind_the_others_is_refused(tmp_path):
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a", "hidden"):
            archive.writestr(name, "x")
        archive.filelist = archive.filelist[:1]
    refused(path)


def test_two_files_that_share_their_bytes_are_refused(tmp_path):
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a", "b"):
            archive.writestr(name, "x")
        archive.filelist[1].header_offset = 0
    refused_at_sight(path, "overlap")


def test_a_file_that_reaches_into_the_next_or_into_the_directory_is_refused(tmp_path):
    for place in (0, 1):
        path = tmp_path / "z.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in ("a", "b"):
                archive.writestr(name, "x")
            archive.filelist[place].compress_size += 1
        refused_at_sight(path, "overlap")


def test_more_bytes_than_any_bundle_has_are_refused(tmp_path, monkeypatch):
    path = zipped(tmp_path / "z.zip")
    monkeypatch.setattr(zip_bundle, "MAX_TOTAL", 5002)
    refused_at_sight(path, "more than .* 5002 bytes")
    monkeypatch.setattr(zip_bundle, "MAX_TOTAL", 5003)
    assert read_all(path) == FILES


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = zipped(tmp_path / "z.zip", {"a": bytes(32 * 2**20)})
    with pytest.raises(MalformedInput, match="unpacks to"), open_bundle(path):
        pass


def test_more_files_than_any_bundle_has_are_refused(tmp_path):
    files = {f"{number}.txt": b"" for number in range(bundles.MAX_FILES + 1)}
    path = zipped(tmp_path / "z.zip", files, method=zipfile.ZIP_STORED)
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in files:
        (folder / name).touch()
    for place in (path, folder):
        with pytest.raises(MalformedInput, match="more than 10000"), open_bundle(place):
            pass


def test_a_directory_that_points_at_no_file_is_refused(tmp_path):
    path = changed(tmp_path, b"PK\x03\x04", b"PK\x03\x05")
    with pytest.raises(MalformedInput, match="without a header"), open_bundle(path):
        pass


def test_encrypted_and_oddly_packed_files_are_refused(tmp_path):
    path = zipped(tmp_path / "z.zip", {"a": b"x"}, method=zipfile.ZIP_LZMA)
    refused(path)
    raw = bytearray(zipped(path, {"a": b"x"}).read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    refused(path)


@pytest.mark.parametrize("raw", [b"", b"PK", b"PK\x05\x06" + bytes(17), b"no zip"])
def test_what_is_no_zip_is_malformed(tmp_path, raw):
    (tmp_path / "z.zip").write_bytes(raw)
    refused(tmp_path / "z.zip")


def test_no_flipped_byte_of_a_zip_gives_other_content(tmp_path):
    raw = zipped(tmp_path / "z.zip", {"a": b"content", "b": b"y" * 100}).read_bytes()
    wanted = read_all(tmp_path / "z.zip")
    for place in range(len(raw)):
        flipped = bytearray(raw)
        flipped[place] ^= 0xFF
        (tmp_path / "z.zip").write_bytes(flipped)
        with suppress(HandoverError):
            assert not read_all(tmp_path / "z.zip").items() - wanted.items() or problems(tmp_path / "z.zip")


@given(st.binary(max_size=120), st.integers(0, 400), st.integers(0, 60))
def test_any_zip_reads_or_is_an_error_of_ours(tmp_path_factory, noise, at, cut):
    path = tmp_path_factory.mktemp("zip") / "z.zip"
    raw = zipped(path, {"a": b"content", "b": b"y" * 100}).read_bytes()
    path.write_bytes(raw[:at] + noise + raw[at + cut :])
    with suppress(HandoverError):
        read_all(path)
    shutil.rmtree(path.parent)


# Inventory


LISTED = dict.fromkeys(["report.en.pdf", "report.json", "terms.yaml", "web.source.manifest"], "0" * 64)
THERE = {*LISTED, "SHA256SUMS"}


def signed(name: str) -> set[str]:
    return {name, name + ".sig"}


@pytest.mark.parametrize("more", [
    set(),
    signed("1.sender.statement.json"),
    signed("terms.yaml.1.sender.statement.json"),
    signed("web.source.manifest.12.sender.statement.json"),
    signed("1.sender.statement.json") | {"1.sender.statement.json.sig.tsr", "SHA256SUMS.tsr"},
    {"report.en.signed.pdf", "1.sender.report.en.signed.pdf"},
])  # fmt: skip
def test_what_belongs_to_a_bundle_is_no_problem(more):
    taken = inventory.take(THERE | more, LISTED)
    assert taken.problems == ()
    assert set(taken.not_judged) == {name for name in more if name.endswith(".tsr")}
    assert {str(name) for name in taken.signed_pdfs} == {name for name in more if name.endswith(".pdf")}
    assert {str(name) for name in taken.statements} == {name for name in more if name.endswith(".json")}


@pytest.mark.parametrize("name", [
    "extra.txt",
    "1.sender.statement.json",
    "1.sender.statement.json.sig",
    "x.tsr",
    "x.signed.pdf",
    "report.json.sig",
    "1.judge.statement.json",
    "SHA256SUMS.1",
])  # fmt: skip
def test_what_does_not_belong_is_named(name):
    (problem,) = inventory.take(THERE | {name}, LISTED).problems
    assert problem.startswith(name + " ")


def test_what_shows_the_report_to_people_has_a_name_of_its_own_and_is_listed():
    names = {inventory.page_name("pl"), inventory.protocol_name("pl"), inventory.letter_name("sender", "pl")}
    assert names == {"report.pl.html", "report.pl.pdf", "report.sender.pl.txt"}
    assert all(map(inventory.is_rendering, names))
    assert not any(map(inventory.is_beside, names))
    assert inventory.take(THERE | names, {**LISTED, **dict.fromkeys(names, "0" * 64)}).problems == ()
    assert not any(map(inventory.is_rendering, ("report.json", "terms.yaml", "1.sender.report.pl.signed.pdf")))


def test_a_statement_about_a_file_that_is_not_listed_is_named():
    taken = inventory.take(THERE | signed("other.manifest.1.sender.statement.json"), LISTED)
    assert "other.manifest, which is not in SHA256SUMS" in taken.problems[0]


@pytest.mark.parametrize("name", sorted(THERE))
def test_what_is_missing_is_named(name):
    assert f"{name} is missing" in inventory.take(THERE - {name}, LISTED).problems


@pytest.mark.parametrize("name", ["SHA256SUMS", "1.sender.statement.json", "1.sender.statement.json.sig", "x.tsr"])
def test_what_is_signed_later_cannot_be_listed(name):
    problems = inventory.take(THERE | {name}, {**LISTED, name: "0" * 64}).problems
    assert any("may not be" in problem for problem in problems)


def test_statements_are_ordered_by_subject_role_and_number():
    names = ["10.sender.statement.json", "2.sender.statement.json", "1.receiver.statement.json"]
    taken = inventory.take(THERE.union(*map(signed, names)), LISTED)
    assert taken.statements == tuple(FileName.parse(name) for name in (names[2], names[1], names[0]))


def test_a_folder_that_goes_away_is_trouble_of_this_machine(tmp_path):
    with pytest.raises(LocalIOError, match="No such file"):
        FolderBundle(tmp_path / "gone")
