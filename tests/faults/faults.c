/* The seam: makes the n-th system call below one folder fail. Why it is this and not a layer in the product:
 * docs/adr/faults-by-preload.md.
 *
 * Loaded with LD_PRELOAD, it stands before the functions of libc by which a process touches files, so it meets every
 * library of the process alike. What is to happen is on a page, a small file that is mapped and shared: whoever
 * writes the page decides which call fails, and reads from it afterwards whether it did. Processes that are forked
 * share the page and count together. Nothing happens until a page is taken: by faults_take(), or at the start when
 * the environment names one in FAULTS_PAGE.
 *
 * A call counts when its path or descriptor is below the folder of the page; the kernel is asked where a descriptor
 * leads (/proc/self/fd), so that nothing has to be remembered. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Kinds of calls, as bits: the page says which of them count. */
enum { OPEN = 1, READ = 2, LIST = 4, STAT = 8, CREATE = 16, WRITE = 32, SYNC = 64, NAME = 128, REMOVE = 256, CLOSE = 512 };

/* What happens instead of an errno; below SIGNAL, that signal (SIGNAL - SIGTERM), and the call is done as ever. */
enum { KILL = -1, SHORT = -2, SIGNAL = -100 };

/* Laid out for Python's struct: "<6q32s4096s". `n` counts from 1; 0 never happens. `lasting`: so do all calls after. */
struct page {
    long long kinds, n, what, lasting, calls, struck;
    char name[32];
    char root[4096];
};

static struct page *page;

void faults_take(const char *path) {
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    void *found = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (found == MAP_FAILED) abort();
    page = found;
}

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("FAULTS_PAGE");
    if (path) faults_take(path);
}

/* Whether a path, or a descriptor when there is none, is in the folder of the page. */
static int below(int fd, const char *path) {
    char place[PATH_MAX + 1], link[64];
    size_t length = strlen(page->root);
    if (!path || path[0] != '/') {
        if (fd == AT_FDCWD) strcpy(link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        long got = syscall(SYS_readlinkat, AT_FDCWD, link, place, PATH_MAX);
        if (got < 0) return 0;
        place[got] = 0;
        path = place;
    }
    return !strncmp(path, page->root, length) && (path[length] == '/' || !path[length]);
}

/* Count one call; return 0, an errno, or SHORT when this is the one. */
static int strikes(int kind, const char *name, int fd, const char *path) {
    if (!page || !(page->kinds & kind)) return 0;
    int before = errno, counts = below(fd, path);
    errno = before;
    if (!counts) return 0;
    long long number = __atomic_add_fetch(&page->calls, 1, __ATOMIC_SEQ_CST);
    if (!page->n || number < page->n || (number > page->n && !page->lasting)) return 0;
    if (!__atomic_fetch_add(&page->struck, 1, __ATOMIC_SEQ_CST)) strncpy(page->name, name, sizeof page->name - 1);
    if (page->what == KILL) {
        kill(getpid(), SIGKILL);
        pause();
    }
    if (page->what < SIGNAL) return kill(getpid(), SIGNAL - page->what), 0;
    return page->what;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = dlsym(RTLD_NEXT, #name)

/* A function of libc that fails with -1 (or `bad`) and errno. */
#define FAILING(type, bad, name, parameters, arguments, kind, fd, path) \
    type name parameters { \
        REAL(name); \
        int error = strikes(kind, #name, fd, path); \
        if (error > 0) return errno = error, bad; \
        return real arguments; \
    }

/* One that moves bytes: it may also do half of what it was asked. */
#define MOVING(name, parameters, arguments, kind, count) \
    ssize_t name parameters { \
        REAL(name); \
        int error = strikes(kind, #name, fd, NULL); \
        if (error > 0) return errno = error, -1; \
        if (error == SHORT && count > 1) count /= 2; \
        return real arguments; \
    }

#define OPENING(name, first, declared, fd, ...) \
    int name(declared const char *path, int flags, ...) { \
        REAL(name); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = va_arg(rest, mode_t); \
        va_end(rest); \
        int creates = flags & (O_CREAT | O_WRONLY | O_RDWR) || (flags & O_TMPFILE) == O_TMPFILE; \
        int error = strikes(creates ? CREATE : OPEN, #name, fd, path); \
        if (error > 0) return errno = error, -1; \
        return real(__VA_ARGS__ path, flags, mode); \
    }
#define COMMA ,
OPENING(open, , , AT_FDCWD, )
OPENING(open64, , , AT_FDCWD, )
OPENING(openat, , int at COMMA, at, at COMMA)
OPENING(openat64, , int at COMMA, at, at COMMA)

/* Closing tells what became of bytes that were written; of a file that was only read there is nothing to tell. It is
 * closed all the same. */
int close(int fd) {
    REAL(close);
    int error = page && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY ? strikes(CLOSE, "close", fd, NULL) : 0;
    int result = real(fd);
    return error > 0 ? (errno = error, -1) : result;
}

MOVING(read, (int fd, void *buffer, size_t count), (fd, buffer, count), READ, count)
MOVING(pread, (int fd, void *buffer, size_t count, off_t at), (fd, buffer, count, at), READ, count)
MOVING(pread64, (int fd, void *buffer, size_t count, off64_t at), (fd, buffer, count, at), READ, count)
MOVING(write, (int fd, const void *buffer, size_t count), (fd, buffer, count), WRITE, count)
MOVING(pwrite, (int fd, const void *buffer, size_t count, off_t at), (fd, buffer, count, at), WRITE, count)
MOVING(pwrite64, (int fd, const void *buffer, size_t count, off64_t at), (fd, buffer, count, at), WRITE, count)

/* Of several buffers only the first is filled: as short as it can be without touching the list. */
static int one = 1;
#define VECTORED(name, kind) \
    ssize_t name(int fd, const struct iovec *parts, int number) { \
        REAL(name); \
        int error = strikes(kind, #name, fd, NULL); \
        if (error > 0) return errno = error, -1; \
        if (error == SHORT && parts[0].iov_len > 1) { \
            struct iovec half = {parts[0].iov_base, parts[0].iov_len / 2}; \
            return real(fd, &half, one); \
        } \
        return real(fd, parts, number); \
    }
VECTORED(readv, READ)
VECTORED(writev, WRITE)

#define COPYING(name, parameters, arguments, to, from, count) \
    ssize_t name parameters { \
        REAL(name); \
        int error = strikes(READ, #name, from, NULL); \
        if (!error) error = strikes(WRITE, #name, to, NULL); \
        if (error > 0) return errno = error, -1; \
        if (error == SHORT && count > 1) count /= 2; \
        return real arguments; \
    }
COPYING(sendfile, (int out, int in, off_t *at, size_t count), (out, in, at, count), out, in, count)
COPYING(sendfile64, (int out, int in, off64_t *at, size_t count), (out, in, at, count), out, in, count)
COPYING(copy_file_range, (int in, off64_t *from, int out, off64_t *to, size_t count, unsigned flags),
        (in, from, out, to, count, flags), out, in, count)

FAILING(int, -1, fsync, (int fd), (fd), SYNC, fd, NULL)
FAILING(int, -1, fdatasync, (int fd), (fd), SYNC, fd, NULL)
FAILING(int, -1, flock, (int fd, int operation), (fd, operation), SYNC, fd, NULL)
FAILING(int, -1, ftruncate, (int fd, off_t length), (fd, length), WRITE, fd, NULL)
FAILING(int, -1, ftruncate64, (int fd, off64_t length), (fd, length), WRITE, fd, NULL)

FAILING(int, -1, mkdir, (const char *path, mode_t mode), (path, mode), NAME, AT_FDCWD, path)
FAILING(int, -1, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), NAME, at, path)
FAILING(int, -1, rename, (const char *old, const char *new), (old, new), NAME, AT_FDCWD, new)
FAILING(int, -1, renameat, (int from, const char *old, int at, const char *new), (from, old, at, new), NAME, at, new)
FAILING(int, -1, renameat2, (int from, const char *old, int at, const char *new, unsigned flags),
        (from, old, at, new, flags), NAME, at, new)
FAILING(int, -1, link, (const char *old, const char *new), (old, new), NAME, AT_FDCWD, new)
FAILING(int, -1, linkat, (int from, const char *old, int at, const char *new, int flags),
        (from, old, at, new, flags), NAME, at, new)
FAILING(int, -1, symlink, (const char *old, const char *new), (old, new), NAME, AT_FDCWD, new)
FAILING(int, -1, symlinkat, (const char *old, int at, const char *new), (old, at, new), NAME, at, new)
FAILING(int, -1, unlink, (const char *path), (path), REMOVE, AT_FDCWD, path)
FAILING(int, -1, unlinkat, (int at, const char *path, int flags), (at, path, flags), REMOVE, at, path)
FAILING(int, -1, rmdir, (const char *path), (path), REMOVE, AT_FDCWD, path)

FAILING(int, -1, stat, (const char *path, struct stat *to), (path, to), STAT, AT_FDCWD, path)
FAILING(int, -1, stat64, (const char *path, struct stat64 *to), (path, to), STAT, AT_FDCWD, path)
FAILING(int, -1, lstat, (const char *path, struct stat *to), (path, to), STAT, AT_FDCWD, path)
FAILING(int, -1, lstat64, (const char *path, struct stat64 *to), (path, to), STAT, AT_FDCWD, path)
FAILING(int, -1, fstat, (int fd, struct stat *to), (fd, to), STAT, fd, NULL)
FAILING(int, -1, fstat64, (int fd, struct stat64 *to), (fd, to), STAT, fd, NULL)
FAILING(int, -1, fstatat, (int at, const char *path, struct stat *to, int flags), (at, path, to, flags), STAT, at, path)
FAILING(int, -1, fstatat64, (int at, const char *path, struct stat64 *to, int flags), (at, path, to, flags), STAT, at,
        path)
FAILING(int, -1, statx, (int at, const char *path, int flags, unsigned mask, struct statx *to),
        (at, path, flags, mask, to), STAT, at, path)
FAILING(ssize_t, -1, readlink, (const char *path, char *to, size_t size), (path, to, size), STAT, AT_FDCWD, path)
FAILING(ssize_t, -1, readlinkat, (int at, const char *path, char *to, size_t size), (at, path, to, size), STAT, at,
        path)

FAILING(DIR *, NULL, opendir, (const char *path), (path), LIST, AT_FDCWD, path)
FAILING(DIR *, NULL, fdopendir, (int fd), (fd), LIST, fd, NULL)
FAILING(struct dirent *, NULL, readdir, (DIR *list), (list), LIST, dirfd(list), NULL)
FAILING(struct dirent64 *, NULL, readdir64, (DIR *list), (list), LIST, dirfd(list), NULL)
