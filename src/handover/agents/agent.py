"""The agent: reads one tree of files on the host that it runs on, and tells what is there.

It stands alone: one file, standard library only, Python 3.6 and later. The near side sends it through stdin, nothing
is written on the host, and it ends when stdin closes. It tells every object that it met, also those that it could not
read, in any order; the near side sorts, checks and judges. Specification: ``docs/spec/agent-protocol.md``.

How it is built: a coordinator keeps the queue and forwards what forked workers report; a worker lists a folder, reads
its files and makes a *chunk* of at most 2,048 names; chunks of small folders go into one *block* of columns. Folders are
entered through directory descriptors, never through a path, so a folder that is swapped for a link is noticed and not
followed.
"""

import _thread
import array
import errno
import gc
import hashlib
import itertools
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

PROTOCOL = 2
GREETING = b"\x01handover-agent %d %s\n"

# Frames: magic, type, sequence number, length of the payload.
FRAME = struct.Struct(">BBII")
FRAME_MAGIC = 0xF7
FRAME_TYPES = range(1, 13)
HELLO, CHUNK, FILE_RESULT, TALLY, RECHECK, BEAT, OWNERS, END, ERROR, PACKED, LISTING, ANSWER = FRAME_TYPES

# In one block: chunks, names, folders to be entered, bytes of all errno names of folders, bytes of all attachments
BLOCK_HEAD = struct.Struct(">IIIII")
# folder, chunk number, names here, folders to be entered, flags, names in the whole folder, the folder's own status,
# length of that status's errno name
CHUNK_HEAD = struct.Struct(">QIIIBQBB")
LAST_CHUNK = 1
FILE_HEAD = struct.Struct(">QIIBQqqQ")
TALLY_HEAD = struct.Struct(">QIIQQ")
BEAT_BODY = struct.Struct(">BQQQQ")
# which file was asked for, status, size, mtime, ctime, inode; when it was read two digests follow
ANSWER_HEAD = struct.Struct(">IBQqqQ")
# length of the folder's path, the folder's own status, names here, length of these names
LISTING_HEAD = struct.Struct(">IBII")
# length of a folder's path, how many of its files are known
KNOWN_HEAD = struct.Struct(">II")
EXTRA = struct.Struct(">IBI")
# number of the ignore rule, whether a tally follows in a frame of its own, else files and bytes
RULE_BODY = struct.Struct(">IBQQ")
# of each rule that keeps proof and hid something: its number, how often, how many bytes
HIDDEN = struct.Struct(">IQQ")
EXTRA_TARGET, EXTRA_ERRNO, EXTRA_TEXT_DIGEST, EXTRA_PREFIXES, EXTRA_RULE, EXTRA_AFTER = range(1, 7)

UNKNOWN, FILE, DIR, LINK, SPECIAL = range(5)
OK, UNREADABLE, UNSTABLE, VANISHED, UNSUPPORTED, BOUNDARY, IGNORED, DEFERRED, CARRIED = range(9)
NO_STAT = 0x80  # added to a status: the columns of this entry are zeros because no stat was possible

CONTENTS_PASS, RECHECK_PASS, LISTING_PASS, CHALLENGE_PASS = 0, 1, 2, 3
# What a listing says of an entry instead of its kind, when it is not to be looked into.
ELSEWHERE = 5

CHUNK_NAMES = 2048
# A block takes chunks until it has so many names or so many folders. It never has more than the largest chunk can.
BLOCK_NAMES = BLOCK_FOLDERS = 1024
SMALL_FILE = 256 * 1024
BUFFER = 1024 * 1024
BIG_FILE = 8 * 1024 * 1024
BIG_BATCH = 64 * 1024 * 1024
MAX_SIZE = 2**53
# Larger files are not worked through under rules that keep proof.
MAX_DERIVED = 64 * 1024 * 1024
ATTEMPTS = 3
FLUSH_BYTES = 256 * 1024
BATCH_FOLDERS = 16
BATCHES_IN_FLIGHT = 2
BEAT_SECONDS = 1.0
LOOK_SECONDS = 0.1  # so often the number of workers is thought over
PACE_SECONDS = 0.25  # a worker that waits for its turn looks up so often
# So much of small files is read before anybody is told: on a slow disk that takes a few seconds.
SLICE_BYTES = 4 * 1024 * 1024
SLICE_FILES = 256
MAX_AUTO_WORKERS = 16
COLLAPSE_WINDOW_SECONDS = 1.0
COLLAPSE_REST_SECONDS = 2.0
# What opening a small file costs, in bytes that could have been read meanwhile; measured, and it need not be exact.
FILE_WORTH = 16 * 1024
# A line below this is slower than what names and digests are made at; compressing them is cheaper than waiting for it.
SLOW_LINE = 5 * 1000 * 1000
BLOCKED_SHARE = 0.3
# A worker that is busy for less of its time waits for the disk; for more, the disk waits for it.
WAITING_SHARE, CPU_BOUND_SHARE = 0.5, 0.8
PACK_FROM, PACK_UPTO = 512, 8 * 1024 * 1024
MAX_PARAMETERS = 16 * 1024 * 1024
MAX_NAMED_IDS = 4096
KNOWN_SIZE = 8
MAX_KNOWN = 64 * 1024 * 1024

OPEN_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
OPEN_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
NO_ATIME = getattr(os, "O_NOATIME", 0)

ROOT_FOLDER = 1
FIRST_FOLDER = 2
ONE_FILE = bytes([FILE])
# Numbers and not bytes: to look for a number in bytes is three times as fast.
CR, NUL = 13, 0


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


# Why nothing is known of a file under rules that keep proof; 0: it is known.
UNCLOSED, NESTED, UNOPENED, TOO_LARGE = range(1, 5)


class WithoutBlocks:
    """Takes blocks of whole lines out of what is fed to it: from one that begins with ``begin`` through one with ``end``.

    One empty line directly before a block goes with it; before a block that has none and that nothing is left before,
    one directly after it. Of a line nothing but its start is held.
    """

    held_most = 4096  # no marker is longer

    def __init__(self, begin, end):
        self._begin, self._end = begin, end
        self._held = b""  # the start of a line, or one whole
        self._at_start = True  # of a line
        self._inside = self._closing = False
        self._blank = b""  # an empty line that a block may take with it
        self._takes_next = False  # the empty line that may follow a block
        self._is_empty = True  # nothing was left so far
        self.times = self.bytes = self.doubt = 0

    def touches(self, data):
        """Whether anything can come of a content that is all there."""
        return self._begin in data or self._end in data

    def feed(self, data):
        """Take the next bytes; return what is left of those that are settled."""
        lines = (self._held + data).split(b"\n")
        last = lines.pop()
        left = [self._piece(line + b"\n") for line in lines]
        if len(last) > self.held_most:
            left.append(self._piece(last))
            last = b""
        self._held = last
        return b"".join(left)

    def finish(self):
        """Return the rest."""
        left = self._piece(self._held) if self._held else b""
        if self._inside and not self._closing and not self.doubt:
            self.doubt = UNCLOSED
        return left + self._blank

    def _piece(self, piece):
        """Take a line, or a part of a long one; return what is left of it and of what came before."""
        if self._at_start:
            self._look(piece)
        starts, self._at_start = self._at_start, piece.endswith(b"\n")
        if self._inside:
            self.bytes += len(piece)
            if self._closing and self._at_start:
                self._inside = self._closing = False
            return b""
        blank, self._blank = self._blank, b""
        if starts and piece in (b"\n", b"\r\n"):
            if self._takes_next:
                self._takes_next = False
                self.bytes += len(piece)
                return b""
            self._blank = piece
            self._is_empty = self._is_empty and not blank
            return blank
        self._takes_next = self._is_empty = False
        return blank + piece

    def _look(self, piece):
        """See whether a block begins or ends with this line."""
        if piece.startswith(self._begin):
            if self._inside:
                self.doubt = self.doubt or NESTED
            self._takes_next = self._is_empty and not self._blank
            self._inside = True
            self.times += 1
            self.bytes += len(self._blank)
            self._blank = b""
        elif piece.startswith(self._end):
            if self._inside:
                self._closing = True
            else:
                self.doubt = self.doubt or UNOPENED


class WithReplacements:
    """Replaces texts in what is fed to it, from left to right and never in what it has put there.

    ``pairs`` come longest first, and the longest that fits is taken.
    """

    def __init__(self, pairs):
        self._new = dict(pairs)
        self._longest = len(pairs[0][0])
        self._find = re.compile(b"|".join([re.escape(old) for old, _ in pairs])).finditer
        self._held = b""  # shorter than the longest: only what follows tells what it is
        self.times = self.bytes = self.doubt = 0

    def touches(self, data):
        """Whether anything can come of a content that is all there."""
        for old in self._new:
            if old in data:
                return True
        return False

    def feed(self, data):
        """Take the next bytes; return what has become of those that are settled."""
        data = self._held + data
        return self._replaced(data, max(0, len(data) - self._longest + 1))

    def finish(self):
        """Return the rest."""
        return self._replaced(self._held, len(self._held))

    def _replaced(self, data, settled):
        parts, at = [], 0
        for found in self._find(data):
            if found.start() >= settled:
                break
            parts += [data[at : found.start()], self._new[found.group()]]
            at = found.end()
            self.times += 1
            self.bytes += at - found.start()
        parts.append(data[at : max(at, settled)])
        self._held = data[max(at, settled) :]
        return b"".join(parts)


class Effect:
    """One rule that keeps proof; ``number`` is its place among those that were sent."""

    def __init__(self, number, markers, pairs):
        self.number = number
        self._markers = [marker.encode("latin-1") for marker in markers]
        self._pairs = [(old.encode("latin-1"), new.encode("latin-1")) for old, new in pairs]

    def begun(self):
        """Return what does it to one file."""
        return WithReplacements(self._pairs) if self._pairs else WithoutBlocks(*self._markers)


class Derived:
    """The digest a file would have under rules that keep proof, computed beside the real one, piece by piece."""

    def __init__(self, effects, size, digest):
        self._steps = [(effect.number, effect.begun()) for effect in effects]
        self._hasher = digest.new()
        self._is_too_large = size > MAX_DERIVED

    def feed(self, data):
        """Take the next bytes of the file."""
        if self._is_too_large:
            return
        for _, step in self._steps:
            data = step.feed(data)
        self._hasher.update(data)

    def of(self, data):
        """Return what ``told`` says of a content that is all there, at the price of a search when it is nothing."""
        for _, step in self._steps:
            if step.touches(data):
                self.feed(data)
                return self.told()
        return None

    def told(self):
        """Return what is told of the file; ``None`` when nothing of it was hidden."""
        if self._is_too_large:
            return bytes((TOO_LARGE,))
        data = b""
        for _, step in self._steps:
            data = step.feed(data) + step.finish()
        self._hasher.update(data)
        hidden = [HIDDEN.pack(number, step.times, step.bytes) for number, step in self._steps if step.times]
        doubts = [step.doubt for _, step in self._steps if step.doubt]
        if doubts:
            return bytes(doubts[:1])
        return b"".join([b"\0", self._hasher.digest()] + hidden) if hidden else None


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
        descriptor = self.descriptor(path)
        found = os.fstat(descriptor)
        if (found.st_dev, found.st_ino) != (dev, inode):
            raise OSError(errno.ESTALE, "another folder is there now")
        return descriptor

    def descriptor(self, path):
        """Return a descriptor of the folder that is at this path now; ``OSError`` as the system gives it."""
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


# What is told of a stat: mode, inode, device, link count, user, group, size, mtime and ctime; and of one that is missing.
NO_NUMBERS = (0,) * 9
KINDS = {stat.S_IFREG: FILE, stat.S_IFDIR: DIR, stat.S_IFLNK: LINK}


def numbers_of(found):
    """Return what is told of a stat: half of its memory, which counts when there are two thousand."""
    return found[:7] + (found.st_mtime_ns, found.st_ctime_ns)


def kind_of(mode):
    """Return the kind of object for ``st_mode``."""
    return KINDS.get(stat.S_IFMT(mode), SPECIAL)


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

    __slots__ = (
        "below",
        "children",
        "digests",
        "errno",
        "extras",
        "folder",
        "kinds",
        "names",
        "number",
        "stats",
        "status",
        "statuses",
        "total",
    )

    def __init__(self, folder, number):
        self.folder = folder
        self.number = number
        self.names = []
        self.kinds = bytearray()
        self.statuses = bytearray()
        self.stats = []
        self.digests = []
        self.children = []
        self.below = []  # number, name, device and inode of each folder that is to be entered
        self.extras = []  # place of the entry, tag and data of what is attached to it
        self.total = None
        self.status, self.errno = OK, b""

    def add(self, name, kind, status, found):
        """Take one entry; ``found`` is its stat or ``None``."""
        self.names.append(name)
        self.kinds.append(kind)
        self.statuses.append(status if found is not None else status | NO_STAT)
        self.stats.append(NO_NUMBERS if found is None else numbers_of(found))

    def add_files(self, count, status=OK):
        """Take the kind and status of files whose other columns are there already."""
        self.kinds += ONE_FILE * count
        self.statuses += bytes((status,)) * count

    def extra(self, tag, data):
        """Attach something to the entry that was added last."""
        self.extras.append((len(self.names) - 1, tag, data))

    def end(self, total, status=OK, why=b""):
        """Take what became of the folder; ``total`` names are in it, when this is its last chunk."""
        self.total, self.status, self.errno = total, status, why

    def head(self):
        """Return what comes before the columns."""
        return CHUNK_HEAD.pack(
            self.folder,
            self.number,
            len(self.names),
            len(self.children),
            0 if self.total is None else LAST_CHUNK,
            self.total or 0,
            self.status,
            len(self.errno),
        )


def packed(chunks, recheck=False):
    """Return the payload of the block of these chunks, and the user and group of each entry."""
    names = gathered([chunk.names for chunk in chunks])
    stats = gathered([chunk.stats for chunk in chunks])
    children = gathered([chunk.children for chunk in chunks])
    errnos = b"".join([chunk.errno for chunk in chunks])
    extras = b"" if recheck else packed_extras(chunks)
    modes, inodes, devs, nlinks, uids, gids, sizes, mtimes, ctimes = zip(*stats) if names else [()] * 9
    parts = [BLOCK_HEAD.pack(len(chunks), len(names), len(children), len(errnos), len(extras))]
    parts += [chunk.head() for chunk in chunks]
    parts += [errnos, column("Q", children)]
    parts += [chunk.statuses for chunk in chunks]
    parts += [column("H", list(map(len, names))), b"".join(names)]
    parts += [chunk.kinds for chunk in chunks]
    parts += [column("Q", sizes), column("q", mtimes), column("q", ctimes), column("Q", inodes)]
    if recheck:
        return b"".join(parts), set()
    parts.append(column("Q", devs))
    parts += [column("I", numbers) for numbers in (modes, uids, gids, nlinks)]
    parts += gathered([chunk.digests for chunk in chunks])
    parts.append(extras)
    return b"".join(parts), set(zip(uids, gids))


def gathered(lists):
    """Return the items of all lists as one."""
    return lists[0] if len(lists) == 1 else list(itertools.chain.from_iterable(lists))


def packed_extras(chunks):
    """Return what is attached to entries, by their places in the block."""
    parts, start = [], 0
    for chunk in chunks:
        parts += [EXTRA.pack(start + place, tag, len(data)) + data for place, tag, data in chunk.extras]
        start += len(chunk.names)
    return b"".join(parts)


def column(code, numbers):
    """Return numbers as bytes, big end first; one that does not fit becomes the nearest that does."""
    try:
        packed_numbers = array.array(code, numbers)
    except OverflowError:  # a time after the year 2262, a negative device
        packed_numbers = array.array(code, [clamped(code, number) for number in numbers])
    if sys.byteorder == "little":
        packed_numbers.byteswap()
    return packed_numbers.tobytes()


def clamped(code, value):
    """Return the number, or the nearest that is packed with this code."""
    low, high = {"q": (-(2**63), 2**63 - 1), "Q": (0, 2**64 - 1), "I": (0, 2**32 - 1), "H": (0, 2**16 - 1)}[code]
    return max(low, min(high, value))


# ----------------------------------------------------------------------------------------------------------- worker


class Job:
    """What all workers know of the scan."""

    def __init__(self, parameters, root, root_dev, mounts):
        self.root = root
        self.root_dev = root_dev
        self.cross_mounts = parameters["cross_mounts"]
        self._mounted = {}  # folder -> names in it at which something is mounted
        for mount in () if self.cross_mounts else mounts:
            folder, _, name = mount.rpartition(b"/")
            self._mounted.setdefault(folder, set()).add(name)
        self.digest = parameters["digest"]
        self.descriptors = descriptor_budget()
        self.known = parameters["known"]
        self.salt = bytes.fromhex(parameters["salt"])
        self.asked = parameters["asked"]
        self.rate = parameters["rate"]
        # So much is read between two looks at the clock; a low rate is kept in small steps.
        self.slice = min(SLICE_BYTES, max(4096, int(self.rate * PACE_SECONDS))) if self.rate else SLICE_BYTES
        self.is_polite = parameters["polite"]
        self.is_held_back = bool(self.rate or self.is_polite)
        self._ignores = [bool(ignore) for ignore, _, _ in parameters["rules"]]
        expressions = ["(?P<r%d>%s)" % (n, regex) for n, (_, regex, _) in enumerate(parameters["rules"])]
        joined = "|".join(expressions).encode("latin-1")
        self._matches = re.compile(joined, re.DOTALL).fullmatch if expressions else None
        self._effects = [
            (re.compile(regex.encode("latin-1"), re.DOTALL).fullmatch, Effect(number, markers, pairs))
            for number, (regex, markers, pairs) in enumerate(parameters["effects"])
        ]

    def set_apart(self, folder, names):
        """Return the names that are not read as others are: under an ignore rule (its number) or mounts (``None``)."""
        apart = dict.fromkeys(self._mounted.get(folder, ()))
        if self._matches is not None:
            prefix = folder + b"/" if folder else b""
            for name in names:
                found = self._matches(prefix + name)
                # The first rule that matches decides; the last group to close is the whole of it.
                number = -1 if found is None else int(found.lastgroup[1:])
                if number >= 0 and self._ignores[number]:
                    apart[name] = number
        return apart

    def effects(self, path):
        """Return the rules that keep proof and that a file falls under."""
        return [effect for matches, effect in self._effects if matches(path)] if self._effects else ()

    def derived(self, folder, names):
        """Return those of the names that fall under a rule that keeps proof."""
        return [name for name in names if self.effects(join(folder, name))] if self._effects else ()

    def ignored(self, folder, names):
        """Return those of the names that fall under an ignore rule."""
        if self._matches is None:
            return ()
        return {name for name, rule in self.set_apart(folder, names).items() if rule is not None}

    def is_boundary(self, folder, name, kind, found):
        """Return whether something else is mounted at this name and is not to be crossed."""
        if self.cross_mounts:
            return False
        # Only folders are judged by their device: overlay filesystems show files with the device of a lower layer.
        return (kind == DIR and found.st_dev != self.root_dev) or name in self._mounted.get(folder, ())


class Worker:
    """Does tasks; hands frames, new tasks and progress to the ``link`` that it was given.

    The link has ``send(tasks, owners, frames, done)``, ``pulse(worker)``, ``wait_seconds()`` (how long it has to hold
    back) and ``is_asked()`` (whether work is wanted for others). Paths are relative to the root; while a folder is
    worked on it is the working directory, so names need no path and depth has no limit.
    """

    def __init__(self, job, link, first_id, id_step):
        self._job = job
        self._link = link
        self._tree = Tree(job.root, job.descriptors)
        self._first_id = self._next_id = first_id
        self._id_step = id_step
        self._buffer = None
        self._no_atime = NO_ATIME
        self._prints_of = None
        self._prints = frozenset()
        self._own = []  # parent and children of folders that it keeps for itself, those to be entered next at the end
        self._gathered = []  # chunks that go into one block, all of one pass
        self._gathered_names = 0
        self._gathered_as = CHUNK
        self._frames = []
        self._frame_bytes = 0
        self._tasks = []
        self._owners = set()
        self._new_owners = set()
        self._listed = []
        self._listed_bytes = 0
        self.files = 0
        self.bytes = 0
        self.sent = 0
        self.folders = 0
        self.announced = 0

    def run(self, task):
        """Do one task, with every folder below it that nobody else had time for, and report it done."""
        {"dirs": self._dirs, "names": self._names, "file": self._file, "tally": self._tally}[task[0]](*task[1:])
        if task[0] in ("dirs", "names"):
            self._descend(task[1])
            self._emit_listing()
        self._flush(1)

    def start_pass(self):
        """Forget the folder ids of the pass before."""
        self._next_id = self._first_id

    # Work of its own

    def _descend(self, which):
        """Enter the folders that it has for itself, the deepest first, and give some away when others have none."""
        own = self._own
        while own:
            parent, children = own[-1]
            if not children:
                own.pop()
                continue
            folder, name, dev, inode = children.pop()
            if which == LISTING_PASS:
                self._list(join(parent, name), dev, inode)
            else:
                self._folder(which, folder, join(parent, name), dev, inode)
            self.folders += 1
            self._tick()
            if own and self._link.is_asked():
                self._share(which)

    def _share(self, which):
        """Hand on the folders nearest to the root, and half of them when all are of one parent."""
        if len(self._own) > 1:
            shared, self._own[:] = self._own[:-1], self._own[-1:]
        else:
            parent, children = self._own[0]
            half = len(children) // 2
            shared, self._own[:] = [(parent, children[:half])], [(parent, children[half:])]
        for parent, children in shared:
            if children:
                self._tasks.append((FOLDER_WORK, len(children), marshal.dumps((which, parent, children))))
        if self._tasks:
            self._flush(0)

    # Tasks

    def _dirs(self, _which, parent, children):
        self._own.append((parent, children))

    def _names(self, which, folder, path, dev, inode, number, names, odd):
        chunk = Chunk(folder, number)
        try:
            os.fchdir(self._tree.enter(path, dev, inode))
        except OSError as error:
            self._emit_unseen(which, chunk, names, odd, status_of(error), errno_name(error))
        else:
            self._emit_chunk(which, path, (dev, inode), chunk, names, odd)

    def _file(self, folder, number, index, path, dev, inode, name):
        """Read one big file that was left out of its chunk."""
        try:
            os.fchdir(self._tree.enter(path, dev, inode))
            status, found, digest, evidence = self._read(name, False, self._job.effects(join(path, name)))
        except OSError as error:
            status, found, digest, evidence = status_of(error), None, b"", [(EXTRA_ERRNO, errno_name(error))]
        if status is None:
            status = UNSTABLE
        if found is None:
            status |= NO_STAT
        _, inode, _, _, _, _, size, mtime, ctime = NO_NUMBERS if found is None else numbers_of(found)
        times = clamped("q", mtime), clamped("q", ctime)
        head = FILE_HEAD.pack(folder, number, index, status, size, times[0], times[1], inode)
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
                        elif not self._job.is_boundary(path, entry.name, DIR, found):
                            waiting.append((join(path, entry.name), found.st_dev, found.st_ino))
            except OSError:
                continue
        self._emit(TALLY, TALLY_HEAD.pack(folder, number, index, files, size))

    # Folders

    def _folder(self, which, folder, path, dev, inode):
        number = total = 0
        status, why, locked = OK, b"", b""
        names, odd = set(), {}  # sets: a folder that changes can list one name twice
        try:
            descriptor = self._tree.enter(path, dev, inode)
            try:
                os.fchdir(descriptor)
            except PermissionError as error:
                locked = errno_name(error)  # its names can be listed, and nothing can be learned of them
            with self._listing(descriptor, locked) as listing:
                for entry in listing:
                    if len(names) == CHUNK_NAMES:
                        self._hand_on(("names", which, folder, path, dev, inode, number, sorted(names), odd))
                        self._flush(0)
                        number, total, names, odd = number + 1, total + CHUNK_NAMES, set(), {}
                    name = os.fsencode(entry.name) if locked else entry.name
                    names.add(name)
                    kind = listed_kind(entry)
                    if kind != FILE:
                        odd[name] = kind
        except OSError as error:
            status, why = status_of(error), errno_name(error)
        chunk, names, total = Chunk(folder, number), sorted(names), total + len(names)
        if locked:
            self._emit_unseen(which, chunk, names, odd, UNREADABLE, locked, total, status, why)
        else:
            self._emit_chunk(which, path, (dev, inode), chunk, names, odd, total, status, why)

    @staticmethod
    def _listing(descriptor, locked):
        if not locked:
            return os.scandir(b".")
        try:
            return os.scandir(descriptor)
        except TypeError:  # Python 3.6
            return os.scandir(b"/proc/self/fd/%d" % descriptor)

    # A listing: names, kinds and sizes, which is all that a first comparison needs. Each part of it names its folder by
    # the path, so parts can come in any order and need no books.

    def _list(self, path, dev, inode):
        """Report the names of one folder, and keep the folders in it to be listed."""
        found, below, status = [], [], OK
        lstat, add = os.lstat, found.append
        try:
            os.fchdir(self._tree.enter(path, dev, inode))
            with os.scandir(b".") as listing:
                for entry in listing:
                    name, kind, size = entry.name, listed_kind(entry), 0
                    try:
                        if kind == FILE:
                            size = lstat(name).st_size
                        elif kind == DIR:
                            kind = self._listed_folder(path, name, lstat(name), below)
                    except OSError:
                        kind = UNKNOWN
                    add((name, kind, size))
                    if len(found) == CHUNK_NAMES:
                        self._emit_listed(path, OK, found, below)
                        found.clear()
                        below = []
        except OSError as error:
            status = status_of(error)
        self._emit_listed(path, status, found, below)

    def _listed_folder(self, path, name, found, below):
        """Return what a listing says of a folder; one that is to be listed goes into ``below``."""
        if self._job.is_boundary(path, name, DIR, found):
            return ELSEWHERE
        below.append((0, name, found.st_dev, found.st_ino))
        return DIR

    def _emit_listed(self, path, status, found, below):
        """Report one part of a folder, without what the rules leave out."""
        ignored = self._job.ignored(path, [name for name, _, _ in found])
        if ignored:
            found = [entry for entry in found if entry[0] not in ignored]
            below = [folder for folder in below if folder[1] not in ignored]
        names, kinds, sizes = zip(*sorted(found)) if found else ((), (), ())
        self.files += kinds.count(FILE)
        joined = b"/".join(names)
        head = LISTING_HEAD.pack(len(path), status, len(names), len(joined))
        self._listed.append(b"".join([head, path, joined, bytes(kinds), column("Q", sizes)]))
        self._listed_bytes += len(self._listed[-1])
        if self._listed_bytes > FLUSH_BYTES:
            self._emit_listing()
        if below:
            self.announced += len(below)
            self._own.append((path, below))

    def _emit_listing(self):
        if self._listed:
            listed, self._listed, self._listed_bytes = self._listed, [], 0
            self._emit(LISTING, b"".join(listed))

    def _emit_unseen(self, which, chunk, names, odd, state, error, total=None, status=OK, why=b""):
        """Report names of which nothing can be learned but that they are there, and why."""
        for name in names:
            chunk.add(name, odd.get(name, FILE), state, None)
            chunk.extra(EXTRA_ERRNO, error)
        self._emit_folder(which, chunk, total, status, why)

    def _emit_chunk(self, which, path, identity, chunk, names, odd, total=None, status=OK, why=b""):
        """Look at the names of one chunk of the folder that is the working directory, and report them.

        ``odd`` has the kinds of those that the listing does not call a file.
        """
        self._no_atime = NO_ATIME
        if which == CONTENTS_PASS:
            self._remember(path)
        apart = self._job.set_apart(path, names)
        for name in apart:
            odd.setdefault(name, FILE)
        if which == RECHECK_PASS or not self._job.digest.size:
            plain = self._stats_alone
        else:
            plain = self._known_files if self._prints else self._small_files
            for name in () if self._prints else self._job.derived(path, names):
                odd.setdefault(name, FILE)
        rest = iter(names)
        name = plain(which, chunk, rest, odd)
        while name is not None:
            self._entry(which, path, identity, chunk, name, odd.get(name, FILE), apart)
            name = plain(which, chunk, rest, odd)
        if chunk.below:
            self.announced += len(chunk.below)
            self._own.append((path, chunk.below))
        self._emit_folder(which, chunk, total, status, why)

    # What follows is done for every file, and for nearly every one nothing else is done: each step in it counts. Only
    # files that are as they should be are reported; the first that is not goes back to the caller, who begins anew.

    def _small_files(self, _which, chunk, rest, odd):
        """Read and report small files up to the first name that is anything else; return that name, or ``None``."""
        open_file, fstat, read, close, is_regular = os.open, os.fstat, os.read, os.close, stat.S_ISREG
        add_name, add_stat, add_digest = chunk.names.append, chunk.stats.append, chunk.digests.append
        digest_of, flags, slice_bytes = self._job.digest.of, OPEN_FILE | self._no_atime, self._job.slice
        count = told = amount = 0
        for name in rest:
            if name in odd:
                break
            try:
                descriptor = open_file(name, flags)
                try:
                    before = fstat(descriptor)
                    size = before.st_size
                    if size >= SMALL_FILE or not is_regular(before.st_mode):
                        break
                    data = read(descriptor, size + 1)
                    found = fstat(descriptor)
                finally:
                    close(descriptor)
            except OSError:
                break
            if (
                len(data) != size
                or found.st_size != size
                or found.st_ctime_ns != before.st_ctime_ns
                or found.st_mtime_ns != before.st_mtime_ns
            ):
                break
            add_name(name)
            add_stat(found[:7] + (found.st_mtime_ns, found.st_ctime_ns))
            add_digest(digest_of(data))
            if CR in data and NUL not in data:
                chunk.extra(EXTRA_TEXT_DIGEST, digest_of(unix_lines(data)))
            count += 1
            amount += size
            if amount > slice_bytes or not count % SLICE_FILES:
                self.bytes += amount
                self.files += count - told
                told, amount = count, 0
                self._tick()
        else:
            name = None
        chunk.add_files(count)
        self.files += count - told
        self.bytes += amount
        return name

    def _known_files(self, _which, chunk, rest, odd):
        """Report files that the near side knows as they are up to the first name that is anything else; return it."""
        lstat, is_regular, sha256, prints = os.lstat, stat.S_ISREG, hashlib.sha256, self._prints
        add_name, add_stat = chunk.names.append, chunk.stats.append
        count = 0
        for name in rest:
            if name in odd:
                break
            try:
                found = lstat(name)
            except OSError:
                break
            numbers = found[:7] + (found.st_mtime_ns, found.st_ctime_ns)
            mode, inode, dev, _, _, _, size, mtime, ctime = numbers
            text = b"%d %d %d %d %d " % (size, mtime, ctime, dev, inode) + name
            if not is_regular(mode) or sha256(text).digest()[:KNOWN_SIZE] not in prints:
                break
            add_name(name)
            add_stat(numbers)
            count += 1
        else:
            name = None
        chunk.add_files(count, CARRIED)
        self.files += count
        return name

    def _stats_alone(self, which, chunk, rest, odd):
        """Report files by what lstat says up to the first name that is anything else; return that name, or ``None``."""
        lstat, is_regular = os.lstat, stat.S_ISREG
        add_name, add_stat = chunk.names.append, chunk.stats.append
        count = 0
        for name in rest:
            if name in odd:
                break
            try:
                found = lstat(name)
            except OSError:
                break
            if not is_regular(found.st_mode) or found.st_size > MAX_SIZE:
                break
            add_name(name)
            add_stat(found[:7] + (found.st_mtime_ns, found.st_ctime_ns))
            count += 1
        else:
            name = None
        chunk.add_files(count)
        if which == CONTENTS_PASS:
            self.files += count
        return name

    def _entry(self, which, folder, identity, chunk, name, kind, apart):
        """Report one entry of whatever kind; a folder is to be entered, a big file to be read later."""
        rule = apart.get(name)
        if rule is not None:
            self._ignore(which, chunk, folder, name, kind, rule)
        elif kind == FILE and which == CONTENTS_PASS and self._job.digest.size and name not in apart:
            self._read_entry(chunk, folder, name)
        else:
            self._look(which, chunk, folder, name, kind)
        state = chunk.statuses[-1]
        if state == OK and chunk.kinds[-1] == DIR:
            _, inode, dev = chunk.stats[-1][:3]
            chunk.children.append(self._next_id)
            chunk.below.append((self._next_id, name, dev, inode))
            self._next_id += self._id_step
        elif state == DEFERRED:
            task = ("file", chunk.folder, chunk.number, len(chunk.names) - 1, folder, *identity, name)
            size = chunk.stats[-1][6]
            self._tasks.append((BIG_WORK, size, marshal.dumps(task)))

    def _emit_folder(self, which, chunk, total, status, why):
        """Report a chunk, in one block with those before it when there is room."""
        chunk.end(total, status, why)
        if self._gathered_names + len(chunk.names) > CHUNK_NAMES:
            self._emit_gathered()
        self._gathered.append(chunk)
        self._gathered_names += len(chunk.names)
        self._gathered_as = RECHECK if which == RECHECK_PASS else CHUNK
        if self._gathered_names >= BLOCK_NAMES or len(self._gathered) >= BLOCK_FOLDERS:
            self._emit_gathered()

    def _emit_gathered(self):
        chunks = self._gathered
        if not chunks:
            return
        self._gathered, self._gathered_names = [], 0
        payload, owners = packed(chunks, self._gathered_as == RECHECK)
        owners = owners - self._owners
        self._owners |= owners
        self._new_owners |= owners
        self._emit(self._gathered_as, payload)

    # Entries

    def _look(self, which, chunk, folder, name, kind):
        """Report an entry by what lstat says."""
        try:
            found = os.lstat(name)
        except OSError as error:
            chunk.add(name, kind, status_of(error), None)
            chunk.extra(EXTRA_ERRNO, errno_name(error))
        else:
            self._known(which, chunk, folder, name, found)

    def _known(self, which, chunk, folder, name, found):
        """Report an entry that has this stat."""
        kind = kind_of(found.st_mode)
        if self._job.is_boundary(folder, name, kind, found):
            chunk.add(name, kind, BOUNDARY, found)
        elif kind == LINK and which == CONTENTS_PASS:
            self._link_entry(chunk, name, found)
        elif kind == FILE and found.st_size > MAX_SIZE:
            chunk.add(name, kind, UNSUPPORTED, found)
        elif kind == FILE and which == CONTENTS_PASS and self._job.digest.size:
            self._read_entry(chunk, folder, name)
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

    def _read_entry(self, chunk, folder, name):
        """Report a file with its digest."""
        try:
            status, found, digest, evidence = self._read(name, True, self._job.effects(join(folder, name)))
        except OSError as error:
            chunk.add(name, FILE, status_of(error), lstat_or_none(name))
            chunk.extra(EXTRA_ERRNO, errno_name(error))
            return
        if status is None:
            self._swapped_entry(chunk, folder, name)
            return
        chunk.add(name, FILE, status, found)
        if status == OK:
            chunk.digests.append(digest)
        for tag, data in evidence:
            chunk.extra(tag, data)

    def _remember(self, folder):
        """Have the fingerprints of the files at hand that need not be read in this folder."""
        if self._job.known and folder != self._prints_of:
            self._prints_of = folder
            known = self._job.known.get(folder, b"")
            self._prints = frozenset(known[at : at + KNOWN_SIZE] for at in range(0, len(known), KNOWN_SIZE))

    def _swapped_entry(self, chunk, folder, name):
        """Report what is there now, where the listing had promised a regular file."""
        found = lstat_or_none(name)
        if found is None or stat.S_ISREG(found.st_mode):
            chunk.add(name, FILE, UNSTABLE, found)
        else:
            self._known(CONTENTS_PASS, chunk, folder, name, found)

    def _ignore(self, which, chunk, folder, name, kind, rule):
        found = lstat_or_none(name)
        if found is None and kind == UNKNOWN:
            self._look(which, chunk, folder, name, kind)
            return
        chunk.add(name, kind if found is None else kind_of(found.st_mode), IGNORED, found)
        if which == RECHECK_PASS:
            return
        if found is None or not stat.S_ISDIR(found.st_mode):
            size = found.st_size if found is not None and stat.S_ISREG(found.st_mode) else 0
            chunk.extra(EXTRA_RULE, RULE_BODY.pack(rule, 0, 1, size))
        elif self._job.is_boundary(folder, name, DIR, found):
            chunk.extra(EXTRA_RULE, RULE_BODY.pack(rule, 0, 0, 0))
        else:
            chunk.extra(EXTRA_RULE, RULE_BODY.pack(rule, 1, 0, 0))
            index = len(chunk.names) - 1
            place = join(folder, name), found.st_dev, found.st_ino
            self._hand_on(("tally", chunk.folder, chunk.number, index, *place))

    # Files

    def _read(self, name, may_defer, effects=()):
        """Read one file of the working directory: (status, stat, digest, evidence).

        ``effects``: the rules that keep proof and that it falls under. The status is ``None`` when no regular file is
        there any more. ``OSError`` when it cannot be read.
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
                content = self._digest(descriptor, before.st_size, effects)
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

    def _digest(self, descriptor, size, effects):
        """Return (digest, evidence) of exactly ``size`` bytes, or ``None`` when there are fewer or more."""
        if size >= SMALL_FILE:
            return self._digest_stream(descriptor, size, effects)
        data = os.read(descriptor, size + 1)
        while 0 < len(data) < size:
            more = os.read(descriptor, size + 1 - len(data))
            if not more:
                break
            data += more
        if len(data) != size:
            return None
        self.bytes += size
        evidence = []
        if CR in data and NUL not in data:
            evidence.append((EXTRA_TEXT_DIGEST, self._job.digest.of(unix_lines(data))))
        told = Derived(effects, size, self._job.digest).of(data) if effects else None
        if told is not None:
            evidence.append((EXTRA_AFTER, told))
        return self._job.digest.of(data), evidence

    def _digest_stream(self, descriptor, size, effects):
        self._need_buffer()
        hasher, text = self._job.digest.new(), TextDigest()
        derived = Derived(effects, size, self._job.digest) if effects else None
        prefixes, step, done = [], prefix_step(size), 0
        while done < size:
            room = min(BUFFER, self._job.slice, step - done % step, size - done)
            block = fill(descriptor, self._buffer, room)
            if not block:
                return None
            text.feed(block, hasher)
            hasher.update(block)
            if derived is not None:
                derived.feed(bytes(block))
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
        told = None if derived is None else derived.told()
        if told is not None:
            evidence.append((EXTRA_AFTER, told))
        return hasher.digest(), evidence

    def _need_buffer(self):
        if self._buffer is None:
            # Page-aligned and private: other buffers halve the speed, a shared one would mix up forked workers.
            self._buffer = memoryview(mmap.mmap(-1, BUFFER, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))

    # Reporting

    def _tick(self):
        """Tell how far it is, and hold back as long as it has to."""
        self._link.pulse(self)
        while self._job.is_held_back:
            seconds = self._link.wait_seconds()
            if seconds <= 0:
                break
            time.sleep(min(seconds, PACE_SECONDS))
            self._link.pulse(self)

    def _hand_on(self, task):
        self._tasks.append((SPLIT_WORK, 1, marshal.dumps(task)))

    def _emit(self, kind, payload):
        self._frames.append((kind, payload))
        self._frame_bytes += len(payload)
        self.sent += len(payload)
        if self._frame_bytes > FLUSH_BYTES:
            self._flush(0)

    def _flush(self, done):
        self._emit_gathered()
        self._link.pulse(self)
        self._link.send(self._tasks, list(self._new_owners), self._frames, done)
        self._tasks, self._frames, self._frame_bytes = [], [], 0
        self._new_owners.clear()


class Witness(Worker):
    """Answers a challenge: reads the files that are asked for, and hashes each with a salt before its content."""

    def run(self, task):
        """Answer for one file: its number among those that are asked for."""
        (index,) = task
        folder, _, name = self._job.asked[index].encode("latin-1").rpartition(b"/")
        found, digests = None, b""
        try:
            os.fchdir(self._tree.descriptor(folder))
            status, found, plain, salted = self._read(name, False)
            if status is None:
                status = VANISHED  # something else is there now
            elif status == OK:
                digests = salted + plain
        except OSError as error:
            status = status_of(error)
        if found is None:
            status |= NO_STAT
        _, inode, _, _, _, _, size, mtime, ctime = NO_NUMBERS if found is None else numbers_of(found)
        head = ANSWER_HEAD.pack(index, status, size, clamped("q", mtime), clamped("q", ctime), inode)
        self._emit(ANSWER, head + digests)
        self._flush(1)

    def _digest(self, descriptor, size, _effects):
        # SECURITY: the salt comes first. After the content, who knows the plain digest alone could go on from there.
        self._need_buffer()
        plain, salted, done = self._job.digest.new(), hashlib.sha256(self._job.salt), 0
        while done < size:
            block = fill(descriptor, self._buffer, min(BUFFER, self._job.slice, size - done))
            if not block:
                return None
            plain.update(block)
            salted.update(block)
            done += len(block)
            self.bytes += len(block)
            self._tick()
        return None if os.read(descriptor, 1) else (plain.digest(), salted.digest())


def make_worker(job, link, first_id, id_step):
    """Return who does the tasks of this run."""
    return (Witness if job.salt else Worker)(job, link, first_id, id_step)


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

    def is_short_of_folders(self, workers):
        """Whether workers would soon have nothing to do if none handed on what it keeps for itself."""
        return self.folders < workers or bool(self._big)

    @property
    def pieces(self):
        """How much work waits that is no folder."""
        return len(self._split) + len(self._big)

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
            self._which, self._parent, self._children = marshal.loads(self._groups.pop())
        count = max(1, min(BATCH_FOLDERS, self.folders // (2 * workers)))
        batch = self._children[-count:]
        del self._children[-count:]
        self.folders -= len(batch)
        return marshal.dumps(("dirs", self._which, self._parent, batch))


class Output:
    """Frames on stdout: numbered, and all bytes of them in one running digest.

    ``may_pack``: frames are compressed once the line turns out to be slow.
    """

    def __init__(self):
        self.may_pack = False
        self._sequence = 0
        self._digest = hashlib.sha256()
        self._parts = []
        self._packs = False
        self._since = time.monotonic()
        self._blocked_before = 0.0
        self._sent = 0
        self.blocked_seconds = 0.0  # for how long the line did not take what there was
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

    def flush(self, plain=False):
        """Write what waits."""
        if not self._parts:
            return
        data = b"".join(self._parts)
        self._parts = []
        if self._packs and not plain and PACK_FROM < len(data) < PACK_UPTO:
            data = self._pack(data)
        self._digest.update(data)
        begun = time.monotonic()
        write_all(1, data)
        self._watch(begun, len(data))

    def digest(self):
        """Return the digest of all that was written, in hex."""
        self.flush()
        return self._digest.hexdigest()

    def _pack(self, data):
        """Return whole frames as one frame that has the number of the first of them."""
        import zlib

        (number,) = struct.unpack_from(">I", data, 2)
        payload = struct.pack(">I", len(data)) + zlib.compress(data, 1)
        self.counts[PACKED] += 1
        return FRAME.pack(FRAME_MAGIC, PACKED, number, len(payload)) + payload

    def _watch(self, begun, length):
        """Find out whether the line is so slow that compressing pays."""
        now = time.monotonic()
        self.blocked_seconds += now - begun
        self._sent += length
        seconds = now - self._since
        if seconds >= BEAT_SECONDS:
            blocked = self.blocked_seconds - self._blocked_before
            is_slow = blocked > BLOCKED_SHARE * seconds and self._sent < SLOW_LINE * seconds
            self._packs = self._packs or (self.may_pack and is_slow)
            self._since, self._blocked_before, self._sent = now, self.blocked_seconds, 0


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
        self.progress = lambda: (0, 0, 0, 0)
        self.which = CONTENTS_PASS
        self._done_before = self._known_before = 0
        self._next_beat = time.monotonic() + BEAT_SECONDS

    def start_pass(self, which, root):
        """Queue the root folder for a pass over the whole tree."""
        self.which = which
        _, _, self._done_before, self._known_before = self.progress()
        self.backlog.add(FOLDER_WORK, 1, marshal.dumps((which, b"", [(ROOT_FOLDER, b"", *root)])))

    def ask(self, count):
        """Queue the files that are asked for."""
        for index in range(count):
            self.backlog.add(SPLIT_WORK, 1, marshal.dumps((index,)))

    def accept(self, tasks, owners, frames):
        """Take what a worker reports."""
        for kind, payload in frames:
            self.output.frame(kind, payload)
        for kind, weight, blob in tasks:
            self.backlog.add(kind, weight, blob)
        self.owners.update(owners)
        self.output.flush()

    def beat(self):
        """Send a heartbeat when one is due; returns the seconds until the next."""
        now = time.monotonic()
        if now >= self._next_beat:
            files, size, done, known = self.progress()
            done, known = done - self._done_before, 1 + known - self._known_before
            self.output.frame(BEAT, BEAT_BODY.pack(self.which == RECHECK_PASS, files, size, done, known))
            self.output.flush()
            self._next_beat = now + BEAT_SECONDS
        return self._next_beat - now


class Bucket:
    """A token bucket for all workers together: each has a copy, and all see in it what all have moved.

    ``rate`` in bytes per second; ``moved`` is called for how many bytes all workers have read and sent.
    """

    def __init__(self, rate, moved, clock=time.monotonic):
        self._rate = rate
        self._moved = moved
        self._clock = clock
        self._most = self._level = rate * PACE_SECONDS
        self._then = clock()
        self._before = 0

    def wait_seconds(self):
        """Return how long nothing should be moved."""
        now, moved = self._clock(), self._moved()
        level = self._level + self._rate * (now - self._then) - (moved - self._before)
        self._level, self._then, self._before = min(level, self._most), now, moved
        return -self._level / self._rate


class InProcess:
    """The one worker of a host that lets us have only one process."""

    def __init__(self, job, coordinator):
        self.count = self.most = 1
        self.pids = []
        self._coordinator = coordinator
        self._worker = worker = make_worker(job, self, FIRST_FOLDER, 1)
        self._bucket = Bucket(job.rate, lambda: worker.bytes + worker.sent) if job.rate else None
        coordinator.progress = lambda: (worker.files, worker.bytes, worker.folders, worker.announced)

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

    def pulse(self, _worker):
        self._coordinator.beat()

    def wait_seconds(self):
        return self._bucket.wait_seconds() if self._bucket else 0

    def is_asked(self):
        return False


# Messages between coordinator and worker: to the worker a length and a task; back the lengths of the control part and
# of the frames, and how many tasks are done. Both ends are the same program, so marshal and native order are right.
TASK_LENGTH = struct.Struct("=I")
RESULT = struct.Struct("=III")
INNER_FRAME = struct.Struct("=BI")
FAILED = 0xFFFFFFFF
NEW_PASS = b""


class Page:
    """Memory that the coordinator shares with its workers: what it wants of them, and what each of them has done."""

    _wants = struct.Struct("=d?")  # until when all but the first are to rest; whether work is to be handed on
    # files, bytes read, folders done, folders announced, bytes sent
    _done = struct.Struct("=5Q")

    def __init__(self, workers):
        self._memory = mmap.mmap(-1, self._wants.size + workers * self._done.size)
        self._workers = workers

    def want(self, rest_until, is_asking):
        """Say what the workers are to do; only the coordinator does."""
        self._wants.pack_into(self._memory, 0, rest_until, is_asking)

    def wanted(self):
        """Return until when all but the first are to rest, and whether work is to be handed on."""
        return self._wants.unpack_from(self._memory, 0)

    def tell(self, index, worker):
        """Say what a worker has done; only this one does."""
        self._done.pack_into(
            self._memory,
            self._wants.size + index * self._done.size,
            worker.files,
            worker.bytes,
            worker.folders,
            worker.announced,
            worker.sent,
        )

    def sums(self):
        """Return what all workers have done, column by column."""
        start, size = self._wants.size, self._done.size
        rows = [self._done.unpack_from(self._memory, start + index * size) for index in range(self._workers)]
        return [sum(column) for column in zip(*rows)]


class WorkerLink:
    """A forked worker's way back to the coordinator."""

    def __init__(self, job, result, page, index):
        self._result = result
        self._page = page
        self._index = index
        self._parent = os.getppid()
        self._bucket = Bucket(job.rate, self._moved) if job.rate else None

    def send(self, tasks, owners, frames, done):
        control = marshal.dumps((tasks, owners))
        parts = [b"", control]
        for kind, payload in frames:
            parts.append(INNER_FRAME.pack(kind, len(payload)))
            parts.append(payload)
        parts[0] = RESULT.pack(len(control), sum(map(len, parts)) - len(control), done)
        write_all(self._result, b"".join(parts))

    def pulse(self, worker):
        self._page.tell(self._index, worker)
        # A coordinator that was killed cannot tell us; a worker must not outlive it, not even in a big file.
        if os.getppid() != self._parent:
            os._exit(1)

    def wait_seconds(self):
        rest = self._page.wanted()[0] - time.monotonic() if self._index else 0
        return max(rest, self._bucket.wait_seconds()) if self._bucket else rest

    def is_asked(self):
        return self._page.wanted()[1]

    def _moved(self):
        _, size, _, _, sent = self._page.sums()
        return size + sent

    def fail(self, text):
        write_all(self._result, RESULT.pack(0, len(text), FAILED) + text)


def worker_main(job, link, tasks, first_id, id_step):
    """Do tasks until the coordinator closes the pipe."""
    worker = make_worker(job, link, first_id, id_step)
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


class Collapse:
    """Notices that a host gets through much less than it did: others need it, or it has reached a limit."""

    def __init__(self):
        self.start_pass()

    def start_pass(self):
        """Forget what another pass got through, which does other work."""
        self._best = 0.0
        self._then = self._before = None

    def is_seen(self, now, work):
        """Return whether less than a third of the best was done in the last window; ``work`` in bytes so far."""
        if self._then is None:
            self._then, self._before = now, work
        seconds = now - self._then
        if seconds < COLLAPSE_WINDOW_SECONDS:
            return False
        rate = (work - self._before) / seconds
        self._then, self._before = now, work
        # The best grows old: what was easy at first may be hard for good, and then it is no collapse.
        self._best = max(0.9 * self._best, rate)
        if rate >= self._best / 3:
            return False
        self._then = None  # the rest that follows is no window
        return True


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
    """Forked workers and the pipes to them.

    ``wanted`` are started at once. Up to ``most``, more come while those that run wait for the disk; on a disk that
    rotates they would only move its head about, and come while those that run have no time left.
    """

    def __init__(self, job, coordinator, wanted, most, rotates):
        self._job = job
        self._coordinator = coordinator
        self.most = most
        self._rotates = rotates
        self._page = Page(most)
        self._collapse = Collapse() if job.is_polite else None
        self._rest_until = 0.0
        self._looked = time.monotonic()
        self._busy_before = self._blocked_before = 0.0
        self._workers = []
        self.pids = []
        self._poll = select.poll()
        self._by_descriptor = {}
        self._grow(wanted)
        coordinator.progress = lambda: self._page.sums()[:4]

    @property
    def count(self):
        """How many workers there are."""
        return len(self._workers)

    def _grow(self, wanted):
        """Start so many workers, or as many as the host lets us have."""
        for index in range(self.count, min(wanted, self.most)):
            try:
                worker = self._fork(self._job, index, self.most)
            except OSError:  # EAGAIN, ENOMEM, EMFILE: the host's limit; we make do with what we have
                self.most = self.count
                return
            self._workers.append(worker)
            self.pids.append(worker.pid)
            self._by_descriptor[worker.results] = self._by_descriptor[worker.tasks] = worker
            self._poll.register(worker.results, select.POLLIN)

    def _is_rich(self):
        """Whether more workers would find something to do: what others keep for themselves is theirs for the asking."""
        _, _, done, announced, _ = self._page.sums()
        return announced - done + self._coordinator.backlog.pieces > self.count

    def _grow_later(self, wanted):
        """Start workers until there are so many."""
        import warnings

        # Python 3.12 and later warn of forks beside threads. The only other thread holds the leash: it sits in one
        # read and holds no lock, and a worker has no use for it.
        warnings.simplefilter("ignore", DeprecationWarning)
        self._grow(wanted)
        self._busy_before = sum(map(busy_seconds, self.pids))

    def _fork(self, job, index, step):
        pipes = list(os.pipe())
        try:
            pipes += os.pipe()
            widen(pipes[3])
            pid = os.fork()
        except OSError:
            for descriptor in pipes:
                os.close(descriptor)
            raise
        task_read, task_write, result_read, result_write = pipes
        if pid == 0:
            self._child(job, index, step, pipes)
        os.close(task_read)
        os.close(result_write)
        os.set_blocking(task_write, False)
        return Forked(pid, task_write, result_read)

    def _child(self, job, index, step, pipes):
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
            link = WorkerLink(job, result_write, self._page, index)
            try:
                worker_main(job, link, task_read, FIRST_FOLDER + index, step)
                code = 0
            except BrokenPipeError:
                pass
            except BaseException:
                link.fail(what_happened().encode("utf-8", "backslashreplace")[-8192:])
        finally:
            os._exit(code)

    def run(self):
        """Work until the queue is empty and every worker is idle."""
        for worker in self._workers:
            worker.give(NEW_PASS)
        if self._collapse:
            self._collapse.start_pass()
        while True:
            self._page.want(self._rest_until, self._coordinator.backlog.is_short_of_folders(self.count))
            for worker in self._workers:
                self._feed(worker)
            if not any(worker.in_flight for worker in self._workers):
                return
            for worker in self._workers:
                self._poll.register(worker.tasks, select.POLLOUT if worker.waiting else 0)
            for descriptor, event in self._poll.poll(min(self._coordinator.beat(), LOOK_SECONDS) * 1000):
                worker = self._by_descriptor[descriptor]
                if descriptor == worker.results:
                    self._receive(worker)
                elif event & select.POLLOUT:
                    worker.write()
            self._look()

    def _look(self):
        """Think over, every now and then, how many workers suit the host as it is."""
        now = time.monotonic()
        seconds = now - self._looked
        if seconds < LOOK_SECONDS:
            return
        busy, blocked = sum(map(busy_seconds, self.pids)), self._coordinator.output.blocked_seconds
        share = (busy - self._busy_before) / (seconds * self.count)
        # Workers that wait for a slow line or for their turn would not do more if there were more of them.
        is_held_up = self._job.rate or blocked - self._blocked_before > BLOCKED_SHARE * seconds
        self._looked, self._busy_before, self._blocked_before = now, busy, blocked
        if self.count < self.most and not is_held_up and self._is_rich():
            if self._rotates and share > CPU_BOUND_SHARE:
                self._grow_later(2 * self.count)
            elif not self._rotates and share < WAITING_SHARE:
                # So many that, waiting as much as these do, they do what these could do if they never waited.
                self._grow_later(int(self.count / max(share, 1 / self.most)))
        if self._collapse and self._coordinator.which == CONTENTS_PASS:
            self._give_way(now)

    def _give_way(self, now):
        """Let all workers but the first rest when the host gets through much less than it did."""
        if not self._workers[0].in_flight:
            self._rest_until = 0.0  # nothing is left for it, so nobody else may be waited for
        elif now >= self._rest_until:
            files, size, folders, _, _ = self._page.sums()
            if self._collapse.is_seen(now, size + FILE_WORTH * (files + folders)):
                self._rest_until = now + COLLAPSE_REST_SECONDS

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
        self._page.want(0.0, False)
        for worker in self._workers:
            os.close(worker.tasks)
        for worker in self._workers:
            os.waitpid(worker.pid, 0)


def busy_seconds(pid):
    """Return how long a process has run or waited for a processor; infinite where the system does not tell."""
    fields = read_first("/proc/%d/schedstat" % pid).split()
    return (int(fields[0]) + int(fields[1])) / 1e9 if len(fields) > 1 and fields[0] != b"0" else float("inf")


def widen(pipe):
    """Let a pipe hold more where that is possible: fewer turns between worker and coordinator."""
    try:
        import fcntl

        fcntl.fcntl(pipe, 1031, 2 * FLUSH_BYTES)  # F_SETPIPE_SZ, see fcntl(2); only Linux has it
    except (ImportError, OSError):
        pass


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

    def tell(self, output, which):
        """Report the root itself at the start of a pass; returns whether it can be entered."""
        if which in (LISTING_PASS, CHALLENGE_PASS):
            if self.status != OK and which == LISTING_PASS:
                output.frame(LISTING, LISTING_HEAD.pack(0, self.status, 0, 0))
            return self.status == OK
        payload, readable = self._chunk(which == RECHECK_PASS)
        output.frame(RECHECK if which == RECHECK_PASS else CHUNK, payload)
        return readable

    def _chunk(self, recheck):
        """Return the root itself as the only name, an empty one, of folder 0, and whether it can be entered."""
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
        chunk.end(1)
        return packed([chunk], recheck)[0], status == OK


# ------------------------------------------------------------------------------------------------------------- main


def read_parameters():
    """Return the parameters: a length line and a JSON document of that length on stdin."""
    stream = sys.stdin.buffer
    try:
        length = int(stream.readline(16))
        if not 0 < length <= MAX_PARAMETERS:
            raise ValueError("length")
        parameters = json.loads(read_all(stream, length).decode("utf-8"))
        parameters["known"] = known_files(read_all(stream, min(parameters["known"], MAX_KNOWN)))
        return parameters
    except (ValueError, struct.error) as error:
        raise Problem("parameters", "the parameters did not arrive whole: %s" % error)


def read_all(stream, length):
    """Return exactly so many bytes; ``ValueError`` when there are fewer."""
    raw = stream.read(length)
    if len(raw) != length:
        raise ValueError("cut")
    return raw


def known_files(raw):
    """Return, for each folder, the fingerprints of the files in it that need not be read, one after the other."""
    known, at = {}, 0
    while at < len(raw):
        path_length, count = KNOWN_HEAD.unpack_from(raw, at)
        start = at + KNOWN_HEAD.size + path_length
        at = start + count * KNOWN_SIZE
        path = raw[start - path_length : start]
        known[path] = known.get(path, b"") + raw[start:at]
    return known


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
    """Tell everything below the root, then again by stat alone; or a listing; or answers to a challenge; then end."""
    niceness = be_polite() if parameters["polite"] else os.nice(0)
    parameters["digest"] = choose_digest(parameters)
    root = Root(parameters["root"].encode("latin-1"), parameters["follow_root_link"])
    points, real = mount_points(), root.real_path()
    empty_mount = None if parameters["allow_empty"] else unmounted(points, real)
    if empty_mount is not None:
        raise Problem("unmounted", empty_mount.decode("latin-1"))
    job = Job(parameters, root.descriptor, root.found.st_dev if root.found else 0, mounts_below(points, real))
    output.may_pack = parameters["compress"]
    coordinator = Coordinator(output)
    pool = make_pool(job, coordinator, parameters["workers"], root)
    _thread.start_new_thread(hold_leash, (pool.pids,))
    try:
        output.json(HELLO, hello(root, nonce, pool.count, niceness))
        for which in passes(parameters):
            readable = root.tell(output, which)
            output.flush()
            if readable:
                if which == CHALLENGE_PASS:
                    coordinator.ask(len(job.asked))
                else:
                    coordinator.start_pass(which, root.identity)
                pool.run()
        output.json(OWNERS, named_owners(coordinator.owners))
        pool.stop()
        output.flush()
        counts = {str(kind): count for kind, count in output.counts.items()}
        end = {"frames": counts, "nonce": nonce, "sha256": output.digest(), "workers": pool.count}
        output.json(END, end)
        output.flush(plain=True)
    except BaseException:
        kill_all(pool.pids)
        raise


def passes(parameters):
    """Return how often the tree is gone through, and for what."""
    if parameters["salt"]:
        return [CHALLENGE_PASS]
    if parameters["listing"]:
        return [LISTING_PASS]
    return [CONTENTS_PASS, RECHECK_PASS] if parameters["recheck"] else [CONTENTS_PASS]


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


def make_pool(job, coordinator, asked, root):
    """Return forked workers, or one in this process when one is wanted or no more is allowed.

    ``asked`` is how many; 0: as many as suit the host and its disk.
    """
    cores, rotates = usable_cores(), False
    wanted = most = asked
    if not asked:
        rotates = is_rotating(root.found.st_dev) if root.found else False
        most = min(MAX_AUTO_WORKERS, cores if rotates else 8 * cores)
        wanted = min(most, 2 if rotates else cores)
    most = workers_allowed(most)
    if most > 1:
        pool = Pool(job, coordinator, wanted, most, rotates)
        if pool.count:
            return pool
    return InProcess(job, coordinator)


def usable_cores():
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def is_rotating(device):
    """Return whether the disk behind a device number says that it rotates; that of a virtual machine cannot know."""
    place = "/sys/dev/block/%d:%d" % (os.major(device), os.minor(device))
    disk = os.path.basename(os.path.realpath(place))
    if disk.startswith(("vd", "xvd")):
        return False
    return read_first(place + "/queue/rotational", place + "/../queue/rotational").strip() == b"1"


def main(nonce):
    """Greet, scan, end; the exit is at once, so that no thread and no library can hold it up."""
    output = Output()
    code = 1
    # What is made here holds no cycles, and looking for some in thousands of stats is a tenth of the work.
    gc.disable()
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
        report(output, "bug", what_happened())
    finally:
        os._exit(code)


def what_happened():
    """Return the trace of the exception that is being handled."""
    import traceback

    return traceback.format_exc()


def report(output, code, text):
    """Tell why it ends; when nobody listens any more there is nothing left to tell."""
    try:
        output.json(ERROR, {"code": code, "text": text[-8192:]})
        output.flush()
    except OSError:
        pass


if __name__ == "__main__":
    main(sys.argv[2])
