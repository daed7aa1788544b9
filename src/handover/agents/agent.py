"""The agent: reads one tree of files on the host that it runs on, and tells what is there.

It stands alone: one file, standard library only, Python 3.6 and later. The near side sends it through stdin, nothing
is written on the host, and it ends when stdin closes. It tells every object that it met, also those that it could not
read, in any order; the near side sorts, checks and judges. Specification: ``docs/spec/agent-protocol.md``.

How it is built: a coordinator keeps the queue and forwards what forked workers report; a worker lists a folder, reads
its files and packs one *chunk* of at most 2,048 names as columns. Folders are entered through directory descriptors,
never through a path, so a folder that is swapped for a link is noticed and not followed.
"""

import _thread
import errno
import hashlib
import json
import marshal
import mmap
import os
import re
import select
import signal
import stat
import struct
import sys
import time
import traceback

PROTOCOL = 1
GREETING = b"\x01handover-agent %d %s\n"

# Frames: magic, type, sequence number, length of the payload.
FRAME = struct.Struct(">BBII")
FRAME_MAGIC = 0xF7
HELLO, CHUNK, FILE_RESULT, TALLY, RECHECK, BEAT, OWNERS, END, ERROR = FRAME_TYPES = range(1, 10)

# folder, chunk number, names here, folders to be entered, flags, names in the whole folder, the folder's own status,
# length of that status's errno name, length of all attachments
CHUNK_HEAD = struct.Struct(">QIIIBQBBI")
LAST_CHUNK = 1
FILE_HEAD = struct.Struct(">QIIBQqqQ")
TALLY_HEAD = struct.Struct(">QIIQQ")
BEAT_BODY = struct.Struct(">BQQQQ")
EXTRA = struct.Struct(">IBI")
# number of the ignore rule, whether a tally follows in a frame of its own, else files and bytes
RULE_BODY = struct.Struct(">IBQQ")
EXTRA_TARGET, EXTRA_ERRNO, EXTRA_TEXT_DIGEST, EXTRA_PREFIXES, EXTRA_RULE = range(1, 6)

UNKNOWN, FILE, DIR, LINK, SPECIAL = range(5)
OK, UNREADABLE, UNSTABLE, VANISHED, UNSUPPORTED, BOUNDARY, IGNORED, DEFERRED = range(8)
NO_STAT = 0x80  # added to a status: the columns of this entry are zeros because no stat was possible

CONTENTS_PASS, RECHECK_PASS = 0, 1

CHUNK_NAMES = 2048
SMALL_FILE = 128 * 1024
BUFFER = 1024 * 1024
BIG_FILE = 8 * 1024 * 1024
BIG_BATCH = 64 * 1024 * 1024
MAX_SIZE = 2**53
ATTEMPTS = 3
FLUSH_BYTES = 256 * 1024
BATCH_FOLDERS = 16
BATCHES_IN_FLIGHT = 4
BEAT_SECONDS = 1.0
MAX_PARAMETERS = 16 * 1024 * 1024
MAX_NAMED_IDS = 4096

OPEN_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
OPEN_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
NO_ATIME = getattr(os, "O_NOATIME", 0)

ROOT_FOLDER = 1
FIRST_FOLDER = 2


class Problem(Exception):
    """Why there can be no scan at all; the near side knows the code."""

    def __init__(self, code, text):
        Exception.__init__(self, text)
        self.code = code


# ---------------------------------------------------------------------------------------------------------- digests


class Sha256:
    """SHA-256 (FIPS 180-4)."""

    size = 32
    new = staticmethod(hashlib.sha256)

    @staticmethod
    def of(data):
        """Return the digest of data that is all there."""
        return hashlib.sha256(data).digest()


class Listing:
    """The profile of ``--quick``: files are not opened."""

    size = 0


def xxh128(extra_paths):
    """Return XXH3-128 (``xxhsum -H2``) from the Python module, else from the system's library."""
    before = list(sys.path)
    # -S leaves every folder of third parties out; these are the interpreter's own, and appended, so nothing in them
    # can stand in for a module of the standard library.
    version = "python%d.%d" % sys.version_info[:2]
    sys.path += extra_paths + ["/usr/lib/python3/dist-packages"]
    for prefix in (sys.prefix, "/usr/local", "/usr"):
        for place in ("lib", "lib64"):
            for kind in ("site-packages", "dist-packages"):
                sys.path.append("/".join((prefix, place, version, kind)))
    try:
        import xxhash

        class Xxh128:
            size = 16
            new = xxhash.xxh3_128
            of = staticmethod(xxhash.xxh3_128_digest)

        return Xxh128
    except (ImportError, AttributeError):
        return xxh128_of_library()
    finally:
        sys.path[:] = before


def xxh128_of_library():
    """Return XXH3-128 through ctypes; ``Problem`` when the host has no libxxhash 0.8 or later."""
    try:
        import ctypes

        library = ctypes.CDLL("libxxhash.so.0")
        # XXH3 has had its final form since 0.8.0.
        if library.XXH_versionNumber() < 800:
            raise OSError("libxxhash is older than 0.8")
    except (ImportError, OSError, AttributeError):
        raise Problem("digest", "xxh128 needs the Python module xxhash or libxxhash.so.0 (0.8 or later)")
    pointer, number = ctypes.c_void_p, ctypes.c_size_t

    class Value(ctypes.Structure):
        _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]

    signatures = {
        "XXH3_createState": (pointer, []),
        "XXH3_freeState": (ctypes.c_int, [pointer]),
        "XXH3_copyState": (None, [pointer, pointer]),
        "XXH3_128bits_reset": (ctypes.c_int, [pointer]),
        "XXH3_128bits_update": (ctypes.c_int, [pointer, pointer, number]),
        "XXH3_128bits_digest": (Value, [pointer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments

    class State:
        def __init__(self, other=None):
            self._state = library.XXH3_createState()
            if other is None:
                library.XXH3_128bits_reset(self._state)
            else:
                library.XXH3_copyState(self._state, other._state)

        def __del__(self):
            library.XXH3_freeState(self._state)

        def update(self, data):
            view = memoryview(data)
            if view.readonly:
                library.XXH3_128bits_update(self._state, bytes(view), len(view))
            elif len(view):
                library.XXH3_128bits_update(self._state, ctypes.addressof(ctypes.c_char.from_buffer(view)), len(view))

        def copy(self):
            return State(self)

        def digest(self):
            value = library.XXH3_128bits_digest(self._state)
            return struct.pack(">QQ", value.high, value.low)

    class Xxh128:
        size = 16
        new = State

        @staticmethod
        def of(data):
            state = State()
            state.update(data)
            return state.digest()

    return Xxh128


# --------------------------------------------------------------------------------------------------------- evidence


def unix_lines(data):
    """Return data with every CR* LF as LF; linear also for hostile runs of CR."""
    data = data.replace(b"\r\n", b"\n")
    if b"\r\n" not in data:
        return data
    lines = data.split(b"\n")
    last = lines.pop()
    return b"\n".join([line.rstrip(b"\r") for line in lines] + [last])


class TextDigest:
    """The digest a text file would have with Unix line ends, computed beside the real one, block by block.

    It costs nothing until the first CR (until then both digests are the same), and nothing after the first NUL.
    """

    def __init__(self):
        self._text = True
        self._hasher = None
        self._held = 0  # CRs at the end of the last block: only what follows tells what they are

    def feed(self, view, hasher):
        """Take the next block, before ``hasher`` (the digest of the file as it is) takes it."""
        if not self._text:
            return
        if b"\0" in bytes(view[:4096]):
            self._text = False
            return
        data = bytes(view)
        if b"\0" in data:
            self._text = False
        elif self._hasher is not None or b"\r" in data:
            if self._hasher is None:
                self._hasher = hasher.copy()
            self._take(data)

    def digest(self):
        """Return the digest, or ``None`` for a file that has a NUL or no CR."""
        if not self._text or self._hasher is None:
            return None
        self._release()
        return self._hasher.digest()

    def _take(self, data):
        body = data.lstrip(b"\r")
        self._held += len(data) - len(body)
        if not body:
            return
        if body[:1] != b"\n":
            self._release()
        settled = body.rstrip(b"\r")
        self._held = len(body) - len(settled)
        self._hasher.update(unix_lines(settled))

    def _release(self):
        while self._held:
            count = min(self._held, BUFFER)
            self._hasher.update(b"\r" * count)
            self._held -= count


def prefix_step(size):
    """Return the smallest power of two, at least 1 MiB, whose multiples up to ``size`` are at most 32."""
    step = BUFFER
    while size // step > 32:
        step *= 2
    return step


# ------------------------------------------------------------------------------------------------------ descriptors


class Tree:
    """Opens folders below the root by descriptors, one component at a time, and keeps a few of them open."""

    def __init__(self, root, capacity):
        self.root = root
        self._capacity = capacity
        self._open = {}  # path -> descriptor, oldest use first

    def enter(self, path, dev, inode):
        """Return a descriptor of the folder that was listed with this device and inode.

        ``OSError`` as the system gives it; ``ESTALE`` when another folder is there now.
        """
        descriptor = self._descriptor(path)
        found = os.fstat(descriptor)
        if (found.st_dev, found.st_ino) != (dev, inode):
            raise OSError(errno.ESTALE, "another folder is there now")
        return descriptor

    def _descriptor(self, path):
        if not path:
            return self.root
        missing = []
        descriptor = self.root
        while path:
            if path in self._open:
                descriptor = self._open[path] = self._open.pop(path)
                break
            missing.append(path)
            path = path.rpartition(b"/")[0]
        while missing:
            path = missing.pop()
            # SECURITY: O_NOFOLLOW for every component: a parent that was swapped for a link is not walked through.
            descriptor = os.open(
                path.rpartition(b"/")[2], OPEN_FOLDER | getattr(os, "O_NOFOLLOW", 0), dir_fd=descriptor
            )
            self._open[path] = descriptor
            if len(self._open) > self._capacity:
                os.close(self._open.pop(next(iter(self._open))))
        return descriptor


class Nothing:
    """Stands for the stat of an entry that has none."""

    st_mode = st_size = st_mtime_ns = st_ctime_ns = st_ino = st_dev = st_uid = st_gid = st_nlink = 0


def kind_of(mode):
    """Return the kind of object for ``st_mode``."""
    return {stat.S_IFREG: FILE, stat.S_IFDIR: DIR, stat.S_IFLNK: LINK}.get(stat.S_IFMT(mode), SPECIAL)


def listed_kind(entry):
    """Return the kind that the listing itself tells, mostly without a system call."""
    try:
        if entry.is_file(follow_symlinks=False):
            return FILE
        if entry.is_dir(follow_symlinks=False):
            return DIR
        return LINK if entry.is_symlink() else SPECIAL
    except OSError:
        return UNKNOWN


def status_of(error):
    """Return the status that an error of the system means for the object it is about."""
    if error.errno == errno.ENOENT:
        return VANISHED
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ESTALE):
        return UNSTABLE
    return UNREADABLE


def errno_name(error):
    """Return the name of an error, such as ``EACCES``."""
    return errno.errorcode.get(error.errno, "E%s" % error.errno).encode("ascii")


def join(folder, name):
    """Return the path of a name in a folder; ``b""`` is the root."""
    return folder + b"/" + name if folder else name


# ----------------------------------------------------------------------------------------------------------- chunks


class Chunk:
    """Names of one folder and what is known of each, as columns."""

    def __init__(self, folder, number):
        self.folder = folder
        self.number = number
        self.names = []
        self.kinds = bytearray()
        self.statuses = bytearray()
        self.stats = []
        self.digests = []
        self.children = []
        self._extras = []

    def add(self, name, kind, status, found):
        """Take one entry; ``found`` is its stat or ``None``."""
        self.names.append(name)
        self.kinds.append(kind)
        if found is None:
            status |= NO_STAT
            found = Nothing
        self.statuses.append(status)
        self.stats.append(found)

    def extra(self, tag, data):
        """Attach something to the entry that was added last."""
        self._extras.append(EXTRA.pack(len(self.names) - 1, tag, len(data)) + data)

    def pack(self, total=None, status=OK, why=b"", recheck=False):
        """Return the payload of the frame; ``total`` names are in the folder when this is its last chunk."""
        n = len(self.names)
        head = CHUNK_HEAD.pack(
            self.folder,
            self.number,
            n,
            len(self.children),
            0 if total is None else LAST_CHUNK,
            total or 0,
            status,
            len(why),
            0 if recheck else sum(map(len, self._extras)),
        )
        stats = self.stats
        quads, longs = ">%dQ" % n, ">%dI" % n
        parts = [
            head,
            why,
            struct.pack(">%dQ" % len(self.children), *self.children),
            bytes(self.statuses),
            struct.pack(">%dH" % n, *[len(name) for name in self.names]),
            b"".join(self.names),
            bytes(self.kinds),
            struct.pack(quads, *[s.st_size for s in stats]),
            pack_times([s.st_mtime_ns for s in stats]),
            pack_times([s.st_ctime_ns for s in stats]),
            struct.pack(quads, *[s.st_ino for s in stats]),
        ]
        if not recheck:
            parts += [
                struct.pack(quads, *[s.st_dev & 0xFFFFFFFFFFFFFFFF for s in stats]),
                struct.pack(longs, *[s.st_mode for s in stats]),
                struct.pack(longs, *[s.st_uid & 0xFFFFFFFF for s in stats]),
                struct.pack(longs, *[s.st_gid & 0xFFFFFFFF for s in stats]),
                struct.pack(longs, *[min(s.st_nlink, 0xFFFFFFFF) for s in stats]),
                b"".join(self.digests),
            ]
            parts += self._extras
        return b"".join(parts)


def pack_times(times):
    """Return nanoseconds as 64-bit columns; a time that no clock shows (after the year 2262) becomes the limit."""
    try:
        return struct.pack(">%dq" % len(times), *times)
    except struct.error:
        return struct.pack(">%dq" % len(times), *[max(-(2**63), min(2**63 - 1, t)) for t in times])


# ----------------------------------------------------------------------------------------------------------- worker


class Job:
    """What all workers know of the scan."""

    def __init__(self, parameters, root, root_dev, mounts):
        self.root = root
        self.root_dev = root_dev
        self.mounts = mounts
        self.cross_mounts = parameters["cross_mounts"]
        self.digest = parameters["digest"]
        self.descriptors = descriptor_budget()
        self._rules = [
            (number, bool(ignore), re.compile(regex.encode("latin-1"), re.DOTALL).fullmatch)
            for number, (ignore, regex, _) in enumerate(parameters["rules"])
        ]

    def ignored_by(self, path):
        """Return the number of the ignore rule that this path falls under, else ``None``; the first match wins."""
        for number, ignore, matches in self._rules:
            if matches(path):
                return number if ignore else None
        return None

    def is_boundary(self, path, kind, found):
        """Return whether something else is mounted at this path and is not to be crossed."""
        if self.cross_mounts:
            return False
        # Only folders are judged by their device: overlay filesystems show files with the device of a lower layer.
        return (kind == DIR and found.st_dev != self.root_dev) or (bool(self.mounts) and path in self.mounts)


class Worker:
    """Does tasks; hands frames, new tasks and progress to the ``link`` that it was given.

    The link has ``send(tasks, owners, frames, done)`` and ``pulse(files, bytes, folders)``. Paths are relative to the
    root; while a folder is worked on it is the working directory, so names need no path and depth has no limit.
    """

    def __init__(self, job, link, first_id, id_step):
        self._job = job
        self._link = link
        self._tree = Tree(job.root, job.descriptors)
        self._first_id = self._next_id = first_id
        self._id_step = id_step
        self._buffer = None
        self._no_atime = NO_ATIME
        self._frames = []
        self._frame_bytes = 0
        self._tasks = []
        self._owners = set()
        self._new_owners = set()
        self.files = 0
        self.bytes = 0
        self.folders = 0

    def run(self, task):
        """Do one task and report it done."""
        {"dirs": self._dirs, "names": self._names, "file": self._file, "tally": self._tally}[task[0]](*task[1:])
        self._flush(1)

    def start_pass(self):
        """Forget the folder ids of the pass before."""
        self._next_id = self._first_id

    # Tasks

    def _dirs(self, which, parent, children):
        for folder, name, dev, inode in children:
            self._folder(which, folder, join(parent, name), dev, inode)
            self.folders += 1
            self._tick()

    def _names(self, which, folder, path, dev, inode, number, names):
        try:
            os.fchdir(self._tree.enter(path, dev, inode))
            self._emit_chunk(which, path, (dev, inode), Chunk(folder, number), names)
        except OSError as error:
            chunk = Chunk(folder, number)
            for name, kind in names:
                chunk.add(name, kind, status_of(error), None)
                chunk.extra(EXTRA_ERRNO, errno_name(error))
            self._emit(RECHECK if which == RECHECK_PASS else CHUNK, chunk.pack(recheck=which == RECHECK_PASS))

    def _file(self, folder, number, index, path, dev, inode, name):
        """Read one big file that was left out of its chunk."""
        try:
            os.fchdir(self._tree.enter(path, dev, inode))
            status, found, digest, evidence = self._read(name, False)
        except OSError as error:
            status, found, digest, evidence = status_of(error), None, b"", [(EXTRA_ERRNO, errno_name(error))]
        if status is None:
            status = UNSTABLE
        if found is None:
            status, found = status | NO_STAT, Nothing
        times = pack_times([found.st_mtime_ns, found.st_ctime_ns])
        head = FILE_HEAD.pack(
            folder, number, index, status, found.st_size, *struct.unpack(">2q", times) + (found.st_ino,)
        )
        extras = [EXTRA.pack(index, tag, len(data)) + data for tag, data in evidence]
        self._emit(FILE_RESULT, b"".join([head, digest] + extras))

    def _tally(self, folder, number, index, path, dev, inode):
        """Count what lies below an ignored folder: files and their bytes, as far as can be seen."""
        files = size = 0
        waiting = [(path, dev, inode)]
        while waiting:
            path, dev, inode = waiting.pop()
            self._tick()
            try:
                os.fchdir(self._tree.enter(path, dev, inode))
                with os.scandir(b".") as listing:
                    for entry in listing:
                        try:
                            found = os.lstat(entry.name)
                        except OSError:
                            continue
                        if not stat.S_ISDIR(found.st_mode):
                            files += 1
                            size += found.st_size if stat.S_ISREG(found.st_mode) else 0
                        elif not self._job.is_boundary(join(path, entry.name), DIR, found):
                            waiting.append((join(path, entry.name), found.st_dev, found.st_ino))
            except OSError:
                continue
        self._emit(TALLY, TALLY_HEAD.pack(folder, number, index, files, size))

    # Folders

    def _folder(self, which, folder, path, dev, inode):
        number = total = 0
        status, why, names = OK, b"", {}  # a dict: a folder that changes can list one name twice
        locked = None
        try:
            descriptor = self._tree.enter(path, dev, inode)
            try:
                os.fchdir(descriptor)
            except PermissionError as error:
                locked = error  # its names can be listed, and nothing can be learned of them
            with self._listing(descriptor, locked) as listing:
                for entry in listing:
                    if len(names) == CHUNK_NAMES:
                        self._hand_on(("names", which, folder, path, dev, inode, number, sorted(names.items())))
                        self._flush(0)
                        number, total, names = number + 1, total + CHUNK_NAMES, {}
                    names[os.fsencode(entry.name)] = listed_kind(entry)
        except OSError as error:
            status, why = status_of(error), errno_name(error)
        chunk = Chunk(folder, number)
        total += len(names)
        if locked is None:
            self._emit_chunk(which, path, (dev, inode), chunk, sorted(names.items()), total, status, why)
            return
        for name, kind in sorted(names.items()):
            chunk.add(name, kind, UNREADABLE, None)
            chunk.extra(EXTRA_ERRNO, errno_name(locked))
        self._emit_folder(which, chunk, total, status, why)

    @staticmethod
    def _listing(descriptor, locked):
        if locked is None:
            return os.scandir(b".")
        try:
            return os.scandir(descriptor)
        except TypeError:  # Python 3.6
            return os.scandir(b"/proc/self/fd/%d" % descriptor)

    def _emit_chunk(self, which, path, identity, chunk, names, total=None, status=OK, why=b""):
        """Look at the names of one chunk of the folder that is the working directory, and report them."""
        self._no_atime = NO_ATIME
        subfolders = []
        for name, kind in names:
            entry_path = join(path, name)
            rule = self._job.ignored_by(entry_path)
            if rule is None:
                if kind != FILE or which == RECHECK_PASS or not self._job.digest.size:
                    self._look(which, chunk, entry_path, name, kind)
                else:
                    self._read_entry(chunk, entry_path, name)
            else:
                self._ignore(which, chunk, entry_path, name, kind, rule)
            state = chunk.statuses[-1]
            if state == OK and chunk.kinds[-1] == DIR:
                found = chunk.stats[-1]
                chunk.children.append(self._next_id)
                subfolders.append((self._next_id, name, found.st_dev, found.st_ino))
                self._next_id += self._id_step
            elif state == DEFERRED:
                task = ("file", chunk.folder, chunk.number, len(chunk.names) - 1, path, *identity, name)
                self._tasks.append((BIG_WORK, chunk.stats[-1].st_size, marshal.dumps(task)))
        if subfolders:
            self._tasks.append((FOLDER_WORK, len(subfolders), marshal.dumps(("dirs", which, path, subfolders))))
        self._emit_folder(which, chunk, total, status, why)

    def _emit_folder(self, which, chunk, total, status, why):
        recheck = which == RECHECK_PASS
        if not recheck:
            owners = {(s.st_uid, s.st_gid) for s in chunk.stats} - self._owners
            if owners:
                self._owners |= owners
                self._new_owners |= owners
        self._emit(RECHECK if recheck else CHUNK, chunk.pack(total, status, why, recheck))

    # Entries

    def _look(self, which, chunk, path, name, kind):
        """Report an entry by what lstat says."""
        try:
            found = os.lstat(name)
        except OSError as error:
            chunk.add(name, kind, status_of(error), None)
            chunk.extra(EXTRA_ERRNO, errno_name(error))
        else:
            self._known(which, chunk, path, name, found)

    def _known(self, which, chunk, path, name, found):
        """Report an entry that has this stat."""
        kind = kind_of(found.st_mode)
        if self._job.is_boundary(path, kind, found):
            chunk.add(name, kind, BOUNDARY, found)
        elif kind == LINK and which == CONTENTS_PASS:
            self._link_entry(chunk, name, found)
        elif kind == FILE and found.st_size > MAX_SIZE:
            chunk.add(name, kind, UNSUPPORTED, found)
        elif kind == FILE and which == CONTENTS_PASS and self._job.digest.size:
            self._read_entry(chunk, path, name)
        else:
            if kind == FILE and which == CONTENTS_PASS:
                self.files += 1
            chunk.add(name, kind, OK, found)

    @staticmethod
    def _link_entry(chunk, name, found):
        try:
            target = os.readlink(name)
        except OSError as error:
            status = UNSTABLE if error.errno == errno.EINVAL else status_of(error)
            chunk.add(name, LINK, status, found)
            chunk.extra(EXTRA_ERRNO, errno_name(error))
            return
        chunk.add(name, LINK, OK, found)
        chunk.extra(EXTRA_TARGET, target)

    def _read_entry(self, chunk, path, name):
        """Report a file with its digest."""
        if self._job.mounts and path in self._job.mounts and not self._job.cross_mounts:
            chunk.add(name, FILE, BOUNDARY, lstat_or_none(name))
            return
        try:
            status, found, digest, evidence = self._read(name, True)
        except OSError as error:
            chunk.add(name, FILE, status_of(error), lstat_or_none(name))
            chunk.extra(EXTRA_ERRNO, errno_name(error))
            return
        if status is None:
            self._swapped_entry(chunk, path, name)
            return
        chunk.add(name, FILE, status, found)
        if status == OK:
            chunk.digests.append(digest)
        for tag, data in evidence:
            chunk.extra(tag, data)

    def _swapped_entry(self, chunk, path, name):
        """Report what is there now, where the listing had promised a regular file."""
        found = lstat_or_none(name)
        if found is None or stat.S_ISREG(found.st_mode):
            chunk.add(name, FILE, UNSTABLE, found)
        else:
            self._known(CONTENTS_PASS, chunk, path, name, found)

    def _ignore(self, which, chunk, path, name, kind, rule):
        found = lstat_or_none(name)
        if found is None and kind == UNKNOWN:
            self._look(which, chunk, path, name, kind)
            return
        chunk.add(name, kind if found is None else kind_of(found.st_mode), IGNORED, found)
        if which == RECHECK_PASS:
            return
        if found is None or not stat.S_ISDIR(found.st_mode):
            size = found.st_size if found is not None and stat.S_ISREG(found.st_mode) else 0
            chunk.extra(EXTRA_RULE, RULE_BODY.pack(rule, 0, 1, size))
        elif self._job.is_boundary(path, DIR, found):
            chunk.extra(EXTRA_RULE, RULE_BODY.pack(rule, 0, 0, 0))
        else:
            chunk.extra(EXTRA_RULE, RULE_BODY.pack(rule, 1, 0, 0))
            index = len(chunk.names) - 1
            self._hand_on(("tally", chunk.folder, chunk.number, index, path, found.st_dev, found.st_ino))

    # Files

    def _read(self, name, may_defer):
        """Read one file of the working directory: (status, stat, digest, evidence).

        The status is ``None`` when no regular file is there any more. ``OSError`` when it cannot be read.
        """
        found = None
        for _ in range(ATTEMPTS):
            try:
                descriptor = self._open_file(name)
            except OSError as error:
                # A link, a socket or a folder took its place; O_NOFOLLOW and O_NONBLOCK kept us out of harm.
                if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV, errno.EISDIR):
                    return None, None, b"", []
                raise
            try:
                before = os.fstat(descriptor)
                if not stat.S_ISREG(before.st_mode):
                    return None, None, b"", []
                if before.st_size > MAX_SIZE:
                    return UNSUPPORTED, before, b"", []
                if may_defer and before.st_size > BIG_FILE:
                    return DEFERRED, before, b"", []
                content = self._digest(descriptor, before.st_size)
                found = os.fstat(descriptor)
            finally:
                os.close(descriptor)
            if (
                content is not None
                and found.st_mtime_ns == before.st_mtime_ns
                and found.st_ctime_ns == before.st_ctime_ns
                and found.st_size == before.st_size
            ):
                self.files += 1
                return OK, found, content[0], content[1]
        return UNSTABLE, found, b"", []

    def _open_file(self, name):
        if self._no_atime:
            try:
                return os.open(name, OPEN_FILE | self._no_atime)
            except PermissionError as error:
                # O_NOATIME is only for a file's owner (EPERM); files we do not own come in crowds.
                if error.errno != errno.EPERM:
                    raise
                descriptor = os.open(name, OPEN_FILE)
                self._no_atime = 0
                return descriptor
        return os.open(name, OPEN_FILE)

    def _digest(self, descriptor, size):
        """Return (digest, evidence) of exactly ``size`` bytes, or ``None`` when there are fewer or more."""
        if size >= SMALL_FILE:
            return self._digest_stream(descriptor, size)
        data = os.read(descriptor, size + 1)
        while 0 < len(data) < size:
            more = os.read(descriptor, size + 1 - len(data))
            if not more:
                break
            data += more
        if len(data) != size:
            return None
        self.bytes += size
        evidence = ()
        if b"\r" in data and b"\0" not in data:
            evidence = ((EXTRA_TEXT_DIGEST, self._job.digest.of(unix_lines(data))),)
        return self._job.digest.of(data), evidence

    def _digest_stream(self, descriptor, size):
        if self._buffer is None:
            # Page-aligned and private: other buffers halve the speed, a shared one would mix up forked workers.
            self._buffer = memoryview(mmap.mmap(-1, BUFFER, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
        hasher, text = self._job.digest.new(), TextDigest()
        prefixes, step, done = [], prefix_step(size), 0
        while done < size:
            block = fill(descriptor, self._buffer, min(BUFFER, size - done))
            if not block:
                return None
            text.feed(block, hasher)
            hasher.update(block)
            done += len(block)
            self.bytes += len(block)
            if done % step == 0:
                prefixes.append(hasher.digest()[:8])
            self._tick()
        if done != size or os.read(descriptor, 1):
            return None
        evidence = [(EXTRA_PREFIXES, b"".join(prefixes))] if prefixes else []
        text_digest = text.digest()
        if text_digest is not None:
            evidence.append((EXTRA_TEXT_DIGEST, text_digest))
        return hasher.digest(), evidence

    # Reporting

    def _tick(self):
        self._link.pulse(self.files, self.bytes, self.folders)

    def _hand_on(self, task):
        self._tasks.append((SPLIT_WORK, 1, marshal.dumps(task)))

    def _emit(self, kind, payload):
        self._frames.append((kind, payload))
        self._frame_bytes += len(payload)
        if self._frame_bytes > FLUSH_BYTES:
            self._flush(0)

    def _flush(self, done):
        self._link.pulse(self.files, self.bytes, self.folders)
        self._link.send(self._tasks, list(self._new_owners), self._frames, done)
        self._tasks, self._frames, self._frame_bytes = [], [], 0
        self._new_owners.clear()


def lstat_or_none(name):
    """Return what lstat says, or ``None`` when it says nothing."""
    try:
        return os.lstat(name)
    except OSError:
        return None


def fill(descriptor, buffer, length):
    """Read ``length`` bytes into the buffer and return the part that was filled; shorter only at the end."""
    got = 0
    while got < length:
        count = read_into(descriptor, buffer[got:length])
        if not count:
            break
        got += count
    return buffer[:got]


def read_into(descriptor, view):
    """Read once into a view; returns the number of bytes."""
    if hasattr(os, "readv"):
        return os.readv(descriptor, [view])
    data = os.read(descriptor, len(view))  # PyPy
    view[: len(data)] = data
    return len(data)


# ------------------------------------------------------------------------------------------------------ coordinator

FOLDER_WORK, SPLIT_WORK, BIG_WORK = range(3)


class Backlog:
    """Work that waits. Folders stay packed as they came, newest first, so that the queue is as small as it can be."""

    def __init__(self):
        self.folders = 0
        self._groups = []
        self._which = self._parent = None
        self._children = []
        self._split = []
        self._big = []

    def add(self, kind, weight, blob):
        """Take one piece of work as a worker packed it."""
        if kind == FOLDER_WORK:
            self.folders += weight
            self._groups.append(blob)
        elif kind == SPLIT_WORK:
            self._split.append(blob)
        else:
            self._big.append((weight, blob))

    @property
    def has_big(self):
        """Whether big files wait."""
        return bool(self._big)

    def take_big(self):
        """Return tasks for big files of about 64 MiB, at least one."""
        taken, size = [], 0
        while self._big and (not taken or size + self._big[-1][0] <= BIG_BATCH):
            weight, blob = self._big.pop()
            size += weight
            taken.append(blob)
        return taken

    def take(self, workers):
        """Return one task, or ``None``; the less is left the smaller it is, so that all end together."""
        if self._split:
            return self._split.pop()
        if not self._children:
            if not self._groups:
                return None
            _, self._which, self._parent, self._children = marshal.loads(self._groups.pop())
        count = max(1, min(BATCH_FOLDERS, self.folders // (2 * workers)))
        batch = self._children[-count:]
        del self._children[-count:]
        self.folders -= len(batch)
        return marshal.dumps(("dirs", self._which, self._parent, batch))


class Output:
    """Frames on stdout: numbered, and all of them in one running digest."""

    def __init__(self):
        self._sequence = 0
        self._digest = hashlib.sha256()
        self._parts = []
        self.counts = dict.fromkeys(FRAME_TYPES, 0)

    def frame(self, kind, payload):
        """Put one frame into the next write."""
        self._parts.append(FRAME.pack(FRAME_MAGIC, kind, self._sequence & 0xFFFFFFFF, len(payload)))
        self._parts.append(payload)
        self._sequence += 1
        self.counts[kind] += 1

    def json(self, kind, value):
        """Put one frame with a JSON document into the next write."""
        self.frame(kind, json.dumps(value, sort_keys=True).encode("ascii"))

    def flush(self):
        """Write what waits."""
        if self._parts:
            data = b"".join(self._parts)
            self._parts = []
            self._digest.update(data)
            write_all(1, data)

    def digest(self):
        """Return the digest of all that was written, in hex."""
        self.flush()
        return self._digest.hexdigest()


def write_all(descriptor, data):
    """Write all of it."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


class Coordinator:
    """Keeps the queue, forwards frames unread, and lets the near side hear from it every second."""

    def __init__(self, output):
        self.output = output
        self.backlog = Backlog()
        self.owners = set()
        self.progress = lambda: (0, 0, 0)
        self._which = CONTENTS_PASS
        self._known = 0
        self._done_before = 0
        self._next_beat = time.monotonic() + BEAT_SECONDS

    def start_pass(self, which, root):
        """Queue the root folder for a pass over the whole tree."""
        self._which = which
        self._known = 1
        self._done_before = self.progress()[2]
        self.backlog.add(FOLDER_WORK, 1, marshal.dumps(("dirs", which, b"", [(ROOT_FOLDER, b"", *root)])))

    def accept(self, tasks, owners, frames):
        """Take what a worker reports."""
        for kind, payload in frames:
            self.output.frame(kind, payload)
        for kind, weight, blob in tasks:
            if kind == FOLDER_WORK:
                self._known += weight
            self.backlog.add(kind, weight, blob)
        self.owners.update(owners)
        self.output.flush()

    def beat(self):
        """Send a heartbeat when one is due; returns the seconds until the next."""
        now = time.monotonic()
        if now >= self._next_beat:
            files, size, folders = self.progress()
            self.output.frame(BEAT, BEAT_BODY.pack(self._which, files, size, folders - self._done_before, self._known))
            self.output.flush()
            self._next_beat = now + BEAT_SECONDS
        return self._next_beat - now


class InProcess:
    """The one worker of a host that lets us have only one process."""

    def __init__(self, job, coordinator):
        self.count = 1
        self.pids = []
        self._coordinator = coordinator
        self._worker = Worker(job, self, FIRST_FOLDER, 1)
        coordinator.progress = lambda: (self._worker.files, self._worker.bytes, self._worker.folders)

    def run(self):
        """Work until the queue is empty."""
        backlog = self._coordinator.backlog
        self._worker.start_pass()
        while True:
            blobs = backlog.take_big() if backlog.has_big else [backlog.take(1)]
            for blob in blobs:
                if blob is None:
                    return
                self._worker.run(marshal.loads(blob))

    def stop(self):
        """Nothing runs beside us."""

    def send(self, tasks, owners, frames, _done):
        self._coordinator.accept(tasks, owners, frames)

    def pulse(self, _files, _bytes, _folders):
        self._coordinator.beat()


# Messages between coordinator and worker: to the worker a length and a task; back the lengths of the control part and
# of the frames, and how many tasks are done. Both ends are the same program, so marshal and native order are right.
TASK_LENGTH = struct.Struct("=I")
RESULT = struct.Struct("=III")
INNER_FRAME = struct.Struct("=BI")
COUNTERS = struct.Struct("=QQQ")
FAILED = 0xFFFFFFFF
NEW_PASS = b""


class WorkerLink:
    """A forked worker's way back to the coordinator."""

    def __init__(self, result, shared, offset):
        self._result = result
        self._shared = shared
        self._offset = offset
        self._parent = os.getppid()

    def send(self, tasks, owners, frames, done):
        control = marshal.dumps((tasks, owners))
        parts = [b"", control]
        for kind, payload in frames:
            parts.append(INNER_FRAME.pack(kind, len(payload)))
            parts.append(payload)
        parts[0] = RESULT.pack(len(control), sum(map(len, parts)) - len(control), done)
        write_all(self._result, b"".join(parts))

    def pulse(self, files, size, folders):
        COUNTERS.pack_into(self._shared, self._offset, files, size, folders)
        # A coordinator that was killed cannot tell us; a worker must not outlive it, not even in a big file.
        if os.getppid() != self._parent:
            os._exit(1)

    def fail(self, text):
        write_all(self._result, RESULT.pack(0, len(text), FAILED) + text)


def worker_main(job, link, tasks, first_id, id_step):
    """Do tasks until the coordinator closes the pipe."""
    worker = Worker(job, link, first_id, id_step)
    with open(tasks, "rb") as stream:
        while True:
            head = stream.read(TASK_LENGTH.size)
            if len(head) < TASK_LENGTH.size:
                return
            blob = stream.read(TASK_LENGTH.unpack(head)[0])
            if blob == NEW_PASS:
                worker.start_pass()
            else:
                worker.run(marshal.loads(blob))


class Forked:
    """One worker as the coordinator sees it."""

    def __init__(self, pid, tasks, results):
        self.pid = pid
        self.tasks = tasks
        self.results = results
        self.waiting = bytearray()
        self.received = bytearray()
        self.in_flight = 0
        self.alone = False  # it reads big files: nothing may wait behind them

    def give(self, blob):
        """Queue one task and write what the pipe takes."""
        self.waiting += TASK_LENGTH.pack(len(blob)) + blob
        self.write()

    def write(self):
        """Write as much as the pipe takes; it never blocks, else both ends could wait for each other."""
        while self.waiting:
            try:
                del self.waiting[: os.write(self.tasks, self.waiting)]
            except BlockingIOError:
                return
            except BrokenPipeError:
                self.waiting.clear()  # it is dead; the end of its results says so

    def messages(self):
        """Yield (control, frames, done) for each whole message that has arrived."""
        at = 0
        data = self.received
        while len(data) - at >= RESULT.size:
            control, frames, done = RESULT.unpack_from(data, at)
            start = at + RESULT.size
            if len(data) - start < control + frames:
                break
            at = start + control + frames
            yield bytes(data[start : start + control]), bytes(data[start + control : at]), done
        del data[:at]


class Pool:
    """Forked workers and the pipes to them."""

    def __init__(self, job, coordinator, wanted):
        self._coordinator = coordinator
        self._shared = mmap.mmap(-1, max(mmap.PAGESIZE, wanted * COUNTERS.size))
        self._workers = []
        for index in range(wanted):
            try:
                self._workers.append(self._fork(job, index, wanted))
            except OSError:
                break  # EAGAIN, ENOMEM, EMFILE: the host's limit; we make do with what we have
        self.count = len(self._workers)
        self.pids = [worker.pid for worker in self._workers]
        coordinator.progress = self._progress

    def _fork(self, job, index, wanted):
        pipes = list(os.pipe())
        try:
            pipes += os.pipe()
            pid = os.fork()
        except OSError:
            for descriptor in pipes:
                os.close(descriptor)
            raise
        task_read, task_write, result_read, result_write = pipes
        if pid == 0:
            self._child(job, index, wanted, pipes)
        os.close(task_read)
        os.close(result_write)
        os.set_blocking(task_write, False)
        return Forked(pid, task_write, result_read)

    def _child(self, job, index, wanted, pipes):
        """Be a worker; never returns."""
        task_read, task_write, result_read, result_write = pipes
        code = 1
        try:
            os.close(task_write)
            os.close(result_read)
            for other in self._workers:
                os.close(other.tasks)
                os.close(other.results)
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, 0)
            os.dup2(nowhere, 1)
            os.close(nowhere)
            link = WorkerLink(result_write, self._shared, index * COUNTERS.size)
            try:
                worker_main(job, link, task_read, FIRST_FOLDER + index, wanted)
                code = 0
            except BrokenPipeError:
                pass
            except BaseException:
                link.fail(traceback.format_exc().encode("utf-8", "backslashreplace")[-8192:])
        finally:
            os._exit(code)

    def _progress(self):
        totals = [0, 0, 0]
        for index in range(self.count):
            for column, value in enumerate(COUNTERS.unpack_from(self._shared, index * COUNTERS.size)):
                totals[column] += value
        return tuple(totals)

    def run(self):
        """Work until the queue is empty and every worker is idle."""
        for worker in self._workers:
            worker.give(NEW_PASS)
        poll = select.poll()
        by_descriptor = {}
        for worker in self._workers:
            by_descriptor[worker.results] = by_descriptor[worker.tasks] = worker
            poll.register(worker.results, select.POLLIN)
        while True:
            for worker in self._workers:
                self._feed(worker)
            if not any(worker.in_flight for worker in self._workers):
                return
            for worker in self._workers:
                poll.register(worker.tasks, select.POLLOUT if worker.waiting else 0)
            for descriptor, event in poll.poll(self._coordinator.beat() * 1000):
                worker = by_descriptor[descriptor]
                if descriptor == worker.results:
                    self._receive(worker)
                elif event & select.POLLOUT:
                    worker.write()

    def _feed(self, worker):
        backlog = self._coordinator.backlog
        if worker.alone:
            return
        if backlog.has_big:
            if not worker.in_flight:
                worker.alone = True
                for blob in backlog.take_big():
                    worker.in_flight += 1
                    worker.give(blob)
            return
        while worker.in_flight < BATCHES_IN_FLIGHT:
            blob = backlog.take(self.count)
            if blob is None:
                return
            worker.in_flight += 1
            worker.give(blob)

    def _receive(self, worker):
        data = os.read(worker.results, FLUSH_BYTES)
        if not data:
            _, status = os.waitpid(worker.pid, 0)
            raise Problem("worker", "a worker process ended with wait status %d (killed, or out of memory?)" % status)
        worker.received += data
        for control, frames, done in worker.messages():
            if done == FAILED:
                raise Problem("bug", frames.decode("utf-8", "replace"))
            worker.in_flight -= done
            if not worker.in_flight:
                worker.alone = False
            tasks, owners = marshal.loads(control)
            self._coordinator.accept(tasks, owners, inner_frames(frames))

    def stop(self):
        """End the workers and wait for them."""
        for worker in self._workers:
            os.close(worker.tasks)
        for worker in self._workers:
            os.waitpid(worker.pid, 0)


def inner_frames(data):
    """Yield (type, payload) for each frame in a worker's message."""
    at = 0
    while at < len(data):
        kind, length = INNER_FRAME.unpack_from(data, at)
        at += INNER_FRAME.size
        yield kind, data[at : at + length]
        at += length


# ------------------------------------------------------------------------------------------------ facts of the host


def read_first(*paths):
    """Return the start of the first of these files that can be read, else ``b""``."""
    for path in paths:
        try:
            with open(path, "rb") as stream:
                return stream.read(65536)
        except OSError:
            continue
    return b""


def hashed(data):
    """Return the digest of an identifier that should not be published, or ``None`` when there is none."""
    data = data.strip()
    return hashlib.sha256(data).hexdigest() if data else None


def boot_id():
    """Return what changes with each start of the machine's kernel."""
    known = read_first("/proc/sys/kernel/random/boot_id")
    if known or not os.path.exists("/usr/sbin/sysctl"):
        return known
    import subprocess

    try:
        return subprocess.check_output(["/usr/sbin/sysctl", "-n", "kern.boottime"], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return b""


def limits():
    """Return the limits and signs of shared hosting that this process meets, as short texts."""
    found = []
    try:
        import resource
    except ImportError:
        return found
    for name in ("NPROC", "NOFILE", "AS", "DATA", "CPU"):
        number = getattr(resource, "RLIMIT_" + name, None)
        if number is not None:
            soft = resource.getrlimit(number)[0]
            if soft != resource.RLIM_INFINITY:
                found.append("%s=%d" % (name, soft))
    for sign, path in (("lve", "/proc/lve"), ("cagefs", "/var/.cagefs"), ("cloudlinux", "/etc/cloudlinux-release")):
        if os.path.exists(path):
            found.append(sign)
    return found


def descriptor_budget():
    """Return how many folders a worker may keep open."""
    for limit in limits():
        if limit.startswith("NOFILE="):
            return max(2, min(32, int(limit[7:]) // 4))
    return 32


def workers_allowed(wanted):
    """Return how many workers the account's limit on processes leaves room for."""
    for limit in limits():
        if limit.startswith("NPROC="):
            return max(1, min(wanted, int(limit[6:]) // 16))
    return wanted


def be_polite():
    """Take the lowest priority for processor and disk; returns the niceness."""
    niceness = os.nice(10)
    number = {"x86_64": 251, "aarch64": 30, "ppc64le": 273, "s390x": 282}.get(os.uname().machine)
    if sys.platform.startswith("linux") and number is not None and struct.calcsize("P") == 8:
        try:
            import ctypes

            # ioprio_set(IOPRIO_WHO_PROCESS, this process, IOPRIO_CLASS_IDLE), see ioprio_set(2)
            ctypes.CDLL(None).syscall(number, 1, 0, 3 << 13)
        except (ImportError, OSError, AttributeError):
            pass
    return niceness


def account():
    """Return the name of the account and its number."""
    import pwd

    uid = os.geteuid()
    return owner_name(pwd.getpwuid, uid), uid


def owner_name(look_up, number):
    """Return a name from the host's lists as text, or ``None`` when there is none or it is no text."""
    try:
        name = look_up(number)[0]
        name.encode("utf-8")
        return name
    except (KeyError, OverflowError, UnicodeEncodeError):
        return None


def named_owners(owners):
    """Return the names of the users and groups that own anything; a big site has few of them."""
    import grp
    import pwd

    uids = sorted({uid for uid, _ in owners})[:MAX_NAMED_IDS]
    gids = sorted({gid for _, gid in owners})[:MAX_NAMED_IDS]
    return {
        "groups": {str(gid): owner_name(grp.getgrgid, gid) for gid in gids},
        "users": {str(uid): owner_name(pwd.getpwuid, uid) for uid in uids},
    }


# ----------------------------------------------------------------------------------------------------------- mounts


def octal_unescape(field):
    r"""Return a field of fstab or mountinfo with its ``\040`` resolved (fstab(5), proc(5))."""
    return re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match.group(1), 8) & 255]), field)


def mount_points():
    """Return the absolute paths of all mounts, empty where the system does not tell."""
    points = set()
    try:
        with open("/proc/self/mountinfo", "rb") as stream:
            for line in stream:
                fields = line.split(b" ")
                if len(fields) > 4:
                    points.add(octal_unescape(fields[4]))
    except OSError:
        pass
    return points


def mounts_below(points, root):
    """Return the mounts below the root as paths relative to it."""
    prefix = root.rstrip(b"/") + b"/"
    return {point[len(prefix) :] for point in points if point.startswith(prefix) and point != prefix}


def unmounted(points, root):
    """Return the root or its folder that fstab says something is mounted at, when nothing is; else ``None``."""
    if not points:
        return None
    prefix = root.rstrip(b"/") + b"/"
    for line in read_first("/etc/fstab").splitlines():
        fields = line.split()
        if len(fields) < 3 or fields[0].startswith(b"#"):
            continue
        place = octal_unescape(fields[1]).rstrip(b"/")
        if place.startswith(b"/") and prefix.startswith(place + b"/") and place not in points:
            return place
    return None


# ------------------------------------------------------------------------------------------------------------- root


class Root:
    """The folder that is scanned: where it is, what it is, and an open descriptor unless it cannot be read."""

    def __init__(self, path, follow_link):
        stripped = path.rstrip(b"/") or (b"/" if path else b".")
        try:
            self.path = os.path.join(os.getcwdb(), stripped)
        except OSError:  # the login folder cannot be named
            self.path = stripped
        self._stat = os.stat if follow_link else os.lstat
        self.found = None
        self.descriptor = None
        self.status, self.why = OK, b""
        try:
            self.found = self._stat(self.path)
            self._check()
            flags = OPEN_FOLDER | (0 if follow_link else getattr(os, "O_NOFOLLOW", 0))
            self.descriptor = os.open(self.path, flags)
            self.found = os.fstat(self.descriptor)
        except PermissionError as error:
            self.status, self.why = UNREADABLE, errno_name(error)
        except (FileNotFoundError, NotADirectoryError):
            raise Problem("missing", "there is nothing at this path")
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise Problem("link", "it is a symbolic link")
            self.status, self.why = UNREADABLE, errno_name(error)

    def _check(self):
        if stat.S_ISLNK(self.found.st_mode):
            raise Problem("link", "it is a symbolic link")
        if not stat.S_ISDIR(self.found.st_mode):
            raise Problem("not-a-folder", "it is not a folder")

    @property
    def identity(self):
        """Device and inode."""
        return self.found.st_dev, self.found.st_ino

    def real_path(self):
        """Return the path without links, as far as it can be known."""
        try:
            return os.path.realpath(self.path)
        except OSError:
            return self.path

    def chunk(self, recheck):
        """Return the root itself as the only name, an empty one, of folder 0."""
        found, status, why = self.found, self.status, self.why
        if recheck and found is not None:
            try:
                found = self._stat(self.path)
                if (found.st_dev, found.st_ino) != self.identity:
                    status = UNSTABLE
            except OSError as error:
                found, status, why = None, status_of(error), errno_name(error)
        chunk = Chunk(0, 0)
        chunk.add(b"", DIR if found else UNKNOWN, status, found)
        if why:
            chunk.extra(EXTRA_ERRNO, why)
        if status == OK:
            chunk.children.append(ROOT_FOLDER)
        return chunk.pack(1, recheck=recheck), status == OK


# ------------------------------------------------------------------------------------------------------------- main


def read_parameters():
    """Return the parameters: a length line and a JSON document of that length on stdin."""
    stream = sys.stdin.buffer
    try:
        length = int(stream.readline(16))
        if not 0 < length <= MAX_PARAMETERS:
            raise ValueError("length")
        raw = stream.read(length)
        if len(raw) != length:
            raise ValueError("cut")
        return json.loads(raw.decode("utf-8"))
    except ValueError as error:
        raise Problem("parameters", "the parameters did not arrive whole: %s" % error)


def hold_leash(pids):
    """End everything when stdin closes: the near side is gone, or has had enough."""
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    kill_all(pids)
    os._exit(1)


def kill_all(pids):
    """End the workers at once."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            continue


def hello(root, nonce, workers, niceness):
    """Return the facts of this host and of this scan."""
    name, uid = account()
    system = os.uname()
    return {
        "boot_sha256": hashed(boot_id()),
        "clock_ns": str(int(time.time() * 1000)) + "000000",
        "cpus": os.cpu_count(),
        "interpreter": "%s %d.%d.%d" % ((sys.implementation.name,) + tuple(sys.version_info[:3])),
        "limits": limits(),
        "machine_sha256": hashed(read_first("/etc/machine-id", "/var/lib/dbus/machine-id")),
        "niceness": niceness,
        "nonce": nonce,
        "os": "%s %s %s" % (system.sysname, system.release, system.machine),
        "root": root.real_path().decode("latin-1"),
        "root_dev": str(root.found.st_dev & 0xFFFFFFFFFFFFFFFF) if root.found else None,
        "root_inode": str(root.found.st_ino) if root.found else None,
        "uid": uid,
        "user": name,
        "workers": workers,
    }


def scan(output, parameters, nonce):
    """Tell everything below the root, then tell it again by stat alone, then end."""
    niceness = be_polite() if parameters["polite"] else os.nice(0)
    parameters["digest"] = choose_digest(parameters)
    root = Root(parameters["root"].encode("latin-1"), parameters["follow_root_link"])
    points, real = mount_points(), root.real_path()
    empty_mount = None if parameters["allow_empty"] else unmounted(points, real)
    if empty_mount is not None:
        raise Problem("unmounted", empty_mount.decode("latin-1"))
    job = Job(parameters, root.descriptor, root.found.st_dev if root.found else 0, mounts_below(points, real))
    coordinator = Coordinator(output)
    pool = make_pool(job, coordinator, parameters)
    _thread.start_new_thread(hold_leash, (pool.pids,))
    try:
        output.json(HELLO, hello(root, nonce, pool.count, niceness))
        for which in [CONTENTS_PASS, RECHECK_PASS] if parameters["recheck"] else [CONTENTS_PASS]:
            payload, readable = root.chunk(which == RECHECK_PASS)
            output.frame(RECHECK if which == RECHECK_PASS else CHUNK, payload)
            output.flush()
            if readable:
                coordinator.start_pass(which, root.identity)
                pool.run()
        output.json(OWNERS, named_owners(coordinator.owners))
        pool.stop()
        counts = {str(kind): count for kind, count in output.counts.items()}
        output.json(END, {"frames": counts, "nonce": nonce, "sha256": output.digest()})
        output.flush()
    except BaseException:
        kill_all(pool.pids)
        raise


def choose_digest(parameters):
    """Return the digest that was asked for."""
    name = parameters["digest"]
    if name == "sha256":
        return Sha256
    if name == "xxh128":
        return xxh128(parameters["extra_paths"])
    if name == "none":
        return Listing
    raise Problem("digest", "this agent cannot compute %s" % name)


def make_pool(job, coordinator, parameters):
    """Return forked workers, or one in this process when one is wanted or no more is allowed."""
    wanted = workers_allowed(parameters["workers"])
    if wanted > 1:
        pool = Pool(job, coordinator, wanted)
        if pool.count:
            return pool
    return InProcess(job, coordinator)


def main(nonce):
    """Greet, scan, end; the exit is at once, so that no thread and no library can hold it up."""
    output = Output()
    code = 1
    try:
        if os.name != "posix":
            raise Problem("platform", "the agent needs a POSIX system")
        os.set_blocking(1, True)
        write_all(1, GREETING % (PROTOCOL, nonce.encode("ascii")))
        scan(output, read_parameters(), nonce)
        code = 0
    except Problem as problem:
        report(output, problem.code, str(problem))
    except BrokenPipeError:
        pass
    except BaseException:
        report(output, "bug", traceback.format_exc())
    finally:
        os._exit(code)


def report(output, code, text):
    """Tell why it ends; when nobody listens any more there is nothing left to tell."""
    try:
        output.json(ERROR, {"code": code, "text": text[-8192:]})
        output.flush()
    except OSError:
        pass


if __name__ == "__main__":
    main(sys.argv[2])
