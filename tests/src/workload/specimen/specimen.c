/* A program to be probed: functions and USDT probes whose calls it counts and sums up itself. Reads orders from standard
 * input, one a line, and answers each with a line. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FUNCTION __attribute__((noipa))

/* What <sys/sdt.h> makes of a probe, https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation */
#define PROBE(name, semaphore, arguments, ...)                                                                         \
    __asm__ volatile("990: nop\n"                                                                                      \
                     ".pushsection .note.stapsdt,\"\",%%note\n"                                                        \
                     ".balign 4\n"                                                                                     \
                     ".4byte 992f-991f, 994f-993f, 3\n"                                                                \
                     "991: .asciz \"stapsdt\"\n"                                                                       \
                     "992: .balign 4\n"                                                                                \
                     "993: .8byte 990b, _.stapsdt.base, " semaphore "\n"                                               \
                     ".asciz \"specimen\"\n"                                                                           \
                     ".asciz \"" name "\"\n"                                                                           \
                     ".asciz \"" arguments "\"\n"                                                                      \
                     "994: .balign 4\n"                                                                                \
                     ".popsection\n"                                                                                   \
                     ".ifndef _.stapsdt.base\n"                                                                        \
                     ".pushsection .stapsdt.base,\"aG\",%%progbits,.stapsdt.base,comdat\n"                             \
                     ".weak _.stapsdt.base\n"                                                                          \
                     ".hidden _.stapsdt.base\n"                                                                        \
                     "_.stapsdt.base: .space 1\n"                                                                      \
                     ".size _.stapsdt.base, 1\n"                                                                       \
                     ".popsection\n"                                                                                   \
                     ".endif\n" ::__VA_ARGS__)

volatile unsigned short specimen_semaphore __attribute__((section(".probes"), used));
volatile int specimen_counter = 7;

/* No instruction here is one the kernel emulates. */
FUNCTION long specimen_plain(long a, long b, long c) {
    return a + b * c;
}

/* Guarded against overruns, as distributions compile whatever has a buffer. */
FUNCTION long specimen_guarded(long a, long b, long c) {
    volatile char buffer[32];

    if (c < 0)
        return -1;
    buffer[a & 31] = (char)b;
    return specimen_plain(a, b, c) + buffer[a & 31] - (char)b;
}

FUNCTION long specimen_probes(long i) {
    volatile long in_memory[4] = {i, i + 1, i + 2, i + 3};
    long index = i & 3;
    int negative = (int)-i;

    PROBE("plain", "0", "-4@%0 8@%1 4@%2", "r"(negative), "r"(i), "i"(5));
    if (specimen_semaphore)
        PROBE("counted", "specimen_semaphore", "8@%0 -4@%1", "m"(in_memory[2]), "m"(specimen_counter));
    if (i & 1) {
        PROBE("twice", "0", "8@%0", "r"(i));
    } else {
        PROBE("twice", "0", "8@%0", "m"(in_memory[0]));
    }
    return in_memory[index];
}

static void *library;

static long work(long (*function)(long, long, long), long times) {
    long sum = 0;

    for (long i = 0; i < times; i++)
        sum += function(i, 2 * i, 3);
    return sum;
}

/* What OpenSSL's calls cost that have nothing to do but say so: nanoseconds of `times` calls. */
static long time_tls(const char *name, long times) {
    void *(*method)(void) = dlsym(library, "TLS_server_method");
    void *(*new_context)(void *) = dlsym(library, "SSL_CTX_new");
    void *(*new_session)(void *) = dlsym(library, "SSL_new");
    void (*accept)(void *) = dlsym(library, "SSL_set_accept_state");
    void (*set_bio)(void *, void *, void *) = dlsym(library, "SSL_set_bio");
    void *(*memory)(void) = dlsym(RTLD_DEFAULT, "BIO_s_mem");
    void *(*new_bio)(void *) = dlsym(RTLD_DEFAULT, "BIO_new");
    int (*call)(void *, void *, int) = dlsym(library, name);
    char buffer[16] = "";
    struct timespec from, to;
    void *session = new_session(new_context(method()));

    set_bio(session, new_bio(memory()), new_bio(memory()));
    accept(session);
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (long i = 0; i < times; i++)
        call(session, buffer, sizeof(buffer));
    clock_gettime(CLOCK_MONOTONIC, &to);
    return (to.tv_sec - from.tv_sec) * 1000000000L + to.tv_nsec - from.tv_nsec;
}

int main(void) {
    char line[4096];

    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof(line), stdin)) {
        char *argument = strchr(line, ' ');
        long times = argument ? atol(argument) : 0;

        line[strcspn(line, "\n")] = 0;
        if (!strncmp(line, "plain ", 6)) {
            printf("%ld\n", work(specimen_plain, times));
        } else if (!strncmp(line, "guarded ", 8)) {
            printf("%ld\n", work(specimen_guarded, times));
        } else if (!strncmp(line, "probes ", 7)) {
            long sum = 0;
            for (long i = 0; i < times; i++)
                sum += specimen_probes(i);
            printf("%ld\n", sum);
        } else if (!strncmp(line, "library ", 8)) {
            printf("%ld\n", work((long (*)(long, long, long))dlsym(library, "specimen_guarded"), times));
        } else if (!strncmp(line, "fork ", 5)) {
            int status;
            if (!fork())
                _exit(work(specimen_plain, times) < 0);
            wait(&status);
            printf("%d\n", status);
        } else if (!strncmp(line, "load ", 5)) {
            library = dlopen(argument + 1, RTLD_NOW | RTLD_GLOBAL);
            printf("%s\n", library ? "0" : dlerror());
        } else if (!strncmp(line, "SSL_", 4)) {
            *argument = 0;
            printf("%ld\n", time_tls(line, times));
        } else if (!strncmp(line, "semaphore", 9)) {
            printf("%d\n", specimen_semaphore);
        } else {
            printf("?\n");
        }
    }
    return 0;
}
