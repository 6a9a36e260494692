/* The realtime clock of one process, as many seconds off as the file LAB_CLOCK says at that moment.
   Monotonic clocks and sleeps stay as they are: only a clock on the wall is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *file;
static int (*real_gettime)(clockid_t, struct timespec *);
static int (*real_timedwait)(sem_t *, const struct timespec *);

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("LAB_CLOCK");
    int handle = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    real_timedwait = dlsym(RTLD_NEXT, "sem_timedwait");
    if (handle >= 0) {
        void *found = mmap(0, sizeof *file, PROT_READ, MAP_SHARED, handle, 0);
        if (found != MAP_FAILED) file = found;
        close(handle);
    }
}

static int64_t off(void) { return file ? *file : 0; }

int clock_gettime(clockid_t which, struct timespec *now) {
    int failed = real_gettime ? real_gettime(which, now) : (int)syscall(SYS_clock_gettime, which, now);
    if (!failed && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) now->tv_sec += off();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec found;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &found);
    now->tv_sec = found.tv_sec;
    now->tv_usec = found.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    if (out) *out = found.tv_sec;
    return found.tv_sec;
}

/* Its deadline comes from the clock above, and the kernel goes by the true one. */
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    struct timespec true_until = *until;
    true_until.tv_sec -= off();
    return real_timedwait(semaphore, &true_until);
}
