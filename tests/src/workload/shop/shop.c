/* A shop that answers GET /price/N, a thread for each connection, and takes orders on standard input, each answered by a
 * line. It knows how often its functions were called, and how long they took by its own clock. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FUNCTION __attribute__((noipa))

#ifdef PRETEND_GO
__attribute__((section(".gopclntab"), used)) static const char table[] = "";
#endif

static atomic_long calls;
static jmp_buf way_out;

static long now(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

/* Takes 10 ms and as many more as the item's number; returns the nanoseconds it took. */
FUNCTION long price_of(int item, const char *currency) {
    long begun = now();
    struct timespec pause = {.tv_nsec = (10 + item) * 1000000L};

    nanosleep(&pause, NULL);
    atomic_fetch_add(&calls, 1);
    return currency ? now() - begun : -1;
}

/* Calls itself so many times. */
FUNCTION long descend(int depth) {
    volatile long below = depth > 0 ? descend(depth - 1) : 0;

    return below + 1;
}

/* Does not come back. */
FUNCTION void leap(int value) {
    longjmp(way_out, value);
}

static void *serve(void *connection) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    int socket = (int)(long)connection;
    char request[4096];
    ssize_t size;

    while ((size = read(socket, request, sizeof(request) - 1)) > 0) {
        request[size] = 0;
        price_of(atoi(request + strlen("GET /price/")), "EUR");
        if (write(socket, answer, sizeof(answer) - 1) < 0)
            break;
    }
    close(socket);
    return NULL;
}

static void *listen_on(void *socket) {
    for (;;) {
        long connection = accept((int)(long)socket, NULL, NULL);
        pthread_t thread;

        if (connection >= 0 && !pthread_create(&thread, NULL, serve, (void *)connection))
            pthread_detach(thread);
    }
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    long listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t thread;
    char line[256];

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (bind((int)listener, (struct sockaddr *)&address, length) || listen((int)listener, 64) ||
        getsockname((int)listener, (struct sockaddr *)&address, &length) ||
        pthread_create(&thread, NULL, listen_on, (void *)listener))
        return 1;
    printf("%d\n", ntohs(address.sin_port));
    while (fgets(line, sizeof(line), stdin)) {
        volatile long sum = 0;
        int times = atoi(strchr(line, ' ') ? strchr(line, ' ') + 1 : "0");

        if (!strncmp(line, "price ", 6)) {
            for (int i = 0; i < times; i++)
                sum += price_of(i, i & 1 ? "EUR" : "a currency with a name that is longer than what a record has room for");
        } else if (!strncmp(line, "descend ", 8)) {
            sum = descend(times - 1);
        } else if (!strncmp(line, "leap ", 5)) {
            for (volatile int i = 0; i < times; i++)
                if (!setjmp(way_out))
                    leap(i + 1);
                else
                    sum++;
        } else if (!strncmp(line, "calls", 5)) {
            sum = calls;
        }
        printf("%ld\n", sum);
    }
    return 0;
}
