/* The floor: what a tree costs when every file is only opened, stat'ed, read, digested with XXH3-128 and closed.
 *
 *   floor THREADS FOLDER      prints "FILES BYTES XOR-OF-ALL-DIGESTS"
 *
 * Folders are the units of work, and so is each big file, or eight big files in one folder would keep one thread busy.
 * Nothing is sorted, written, checked a second time or compared: no product can do less and still read everything.
 */
#define _GNU_SOURCE
#define XXH_INLINE_ALL
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { BUFFER = 1 << 20, BIG = 8 << 20 };

typedef struct work {
    struct work *next;
    int is_file;
    char path[];
} work;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static work *waiting;
static int unfinished;
static uint64_t files, bytes, digests;
static int no_atime = O_NOATIME;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void put(const char *folder, const char *name, int is_file) {
    size_t length = strlen(folder) + strlen(name) + 2;
    work *item = malloc(sizeof *item + length);
    if (!item) fail("malloc");
    item->is_file = is_file;
    snprintf(item->path, length, *name ? "%s/%s" : "%s%s", folder, name);
    pthread_mutex_lock(&lock);
    item->next = waiting;
    waiting = item;
    unfinished++;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static work *take(void) {
    pthread_mutex_lock(&lock);
    while (!waiting && unfinished) pthread_cond_wait(&changed, &lock);
    work *item = waiting;
    if (item) waiting = item->next;
    pthread_mutex_unlock(&lock);
    return item;
}

static void done(work *item) {
    free(item);
    pthread_mutex_lock(&lock);
    if (--unfinished == 0) pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static int open_file(int folder, const char *name) {
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | no_atime);
    if (fd < 0 && errno == EPERM && no_atime) {
        no_atime = 0;
        return open_file(folder, name);
    }
    if (fd < 0) fail(name);
    return fd;
}

static uint64_t digest_of(int fd, uint64_t size, char *buffer) {
    ssize_t got = read(fd, buffer, BUFFER);
    if (got < 0) fail("read");
    if ((uint64_t)got == size) return XXH3_128bits(buffer, (size_t)got).low64;
    XXH3_state_t *state = XXH3_createState();
    XXH3_128bits_reset(state);
    for (; got > 0; got = read(fd, buffer, BUFFER)) XXH3_128bits_update(state, buffer, (size_t)got);
    uint64_t digest = XXH3_128bits_digest(state).low64;
    XXH3_freeState(state);
    return digest;
}

typedef struct {
    uint64_t files, bytes, digests;
    char *buffer;
} sums;

static void read_file(int folder, const char *name, const char *parent, sums *mine) {
    int fd = open_file(folder, name);
    struct stat found;
    if (fstat(fd, &found) < 0) fail(name);
    if (parent && found.st_size > BIG) {
        put(parent, name, 1);
    } else if (S_ISREG(found.st_mode)) {
        mine->digests ^= digest_of(fd, (uint64_t)found.st_size, mine->buffer);
        mine->files++;
        mine->bytes += (uint64_t)found.st_size;
    }
    close(fd);
}

static void read_folder(const char *path, sums *mine) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) fail(path);
    for (struct dirent *entry; (entry = readdir(folder));) {
        const char *name = entry->d_name;
        if (entry->d_type == DT_REG) {
            read_file(fd, name, path, mine);
        } else if (entry->d_type == DT_DIR && strcmp(name, ".") && strcmp(name, "..")) {
            put(path, name, 0);
        }
    }
    closedir(folder);
}

static void *reader(void *unused) {
    sums mine = {0};
    mine.buffer = mmap(NULL, BUFFER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mine.buffer == MAP_FAILED) fail("mmap");
    for (work *item; (item = take()); done(item)) {
        if (item->is_file) read_file(AT_FDCWD, item->path, NULL, &mine);
        else read_folder(item->path, &mine);
    }
    pthread_mutex_lock(&lock);
    files += mine.files, bytes += mine.bytes, digests ^= mine.digests;
    pthread_mutex_unlock(&lock);
    return unused;
}

int main(int count, char **words) {
    int threads = count == 3 ? atoi(words[1]) : 0;
    if (threads < 1 || threads > 64) {
        fprintf(stderr, "floor THREADS FOLDER\n");
        return 2;
    }
    put(words[2], "", 0);
    pthread_t running[64];
    for (int i = 0; i < threads; i++)
        if (pthread_create(&running[i], NULL, reader, NULL)) fail("pthread_create");
    for (int i = 0; i < threads; i++) pthread_join(running[i], NULL);
    printf("%llu %llu %016llx\n", (unsigned long long)files, (unsigned long long)bytes, (unsigned long long)digests);
    return 0;
}
