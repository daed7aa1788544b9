/* Runs one command and says what it cost: a process of 1 MB, because the peak memory that Linux reports for a program
 * is never less than that of the process that started it.
 *
 *   meter RESULT COMMAND…     writes "WALL_NS CPU_US PEAK_KIB STATUS" to the file RESULT
 *
 * Wall is from fork to the end of the command itself. CPU is user and system time of everything below it; orphans come
 * to us (PR_SET_CHILD_SUBREAPER) and are waited for. The peak is that of the biggest single process (ru_maxrss).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long in_us(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

int main(int count, char **words) {
    if (count < 3) return 2;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    long long started = now_ns();
    pid_t command = fork();
    if (command == 0) {
        execvp(words[2], words + 2);
        perror(words[2]);
        _exit(127);
    }
    if (command < 0) return 1;
    int status;
    while (waitpid(command, &status, 0) < 0 && errno == EINTR) {}
    long long wall = now_ns() - started;
    while (wait(NULL) >= 0 || errno == EINTR) {}
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    FILE *result = fopen(words[1], "w");
    if (!result) return 1;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    fprintf(result, "%lld %lld %ld %d\n", wall, in_us(used.ru_utime) + in_us(used.ru_stime), used.ru_maxrss, code);
    return fclose(result) ? 1 : 0;
}
