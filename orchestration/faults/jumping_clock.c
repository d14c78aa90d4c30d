/* A clock that jumps: loaded before the C library (LD_PRELOAD), it shifts what every program is told of the time of day.
   Each half second of the real time has an offset of its own, up to 400 days back or forth, drawn from FAULTS_CLOCK.
   The monotonic clock stays as it is, as it does on a machine whose clock is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static int (*real)(clockid_t, struct timespec *);

static time_t offset(void) {
    struct timespec now;
    const char *seed = getenv("FAULTS_CLOCK");
    real(CLOCK_MONOTONIC, &now);
    uint64_t drawn = (uint64_t)(now.tv_sec * 2 + now.tv_nsec / 500000000) + (seed ? strtoull(seed, NULL, 10) : 0) * 7919;
    drawn = (drawn ^ (drawn >> 30)) * 0xbf58476d1ce4e5b9ULL; /* splitmix64 */
    drawn = (drawn ^ (drawn >> 27)) * 0x94d049bb133111ebULL;
    return (time_t)((drawn ^ (drawn >> 31)) % (800ULL * 86400)) - 400 * 86400;
}

int clock_gettime(clockid_t clock, struct timespec *told) {
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(clock, told);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) told->tv_sec += offset();
    return status;
}

int gettimeofday(struct timeval *told, void *zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    told->tv_sec = now.tv_sec;
    told->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *told) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    if (told) *told = now.tv_sec;
    return now.tv_sec;
}
