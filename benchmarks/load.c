/*
 * A load generator: so many clients, each asking again as soon as it has its reply, over connections that are kept.
 *
 * Usage: load PORT PATH BODYFILE CLIENTS WARMUP SECONDS LEAST
 *        load PORT PATH BODYFILE CLIENTS count WARMUP REQUESTS
 *        load PORT PATH BODYFILE CLIENTS hold
 *
 * The first asks for WARMUP seconds, prints "begin", asks for SECONDS, or a little longer until LEAST requests are done
 * (a quarter of them in the warm-up), and prints what it measured in them as a line of JSON: delays in microseconds,
 * "pieces" as the upstream marks them, "events" as server-sent events end. Connections are open when it prints, so that
 * nothing of their end is in anybody's account. The second does the same by the number of requests, for those that take
 * long. The third opens one stream a client, a few at a time, prints how many gave a first byte, and keeps them until
 * its standard input ends. An empty body makes it a GET.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD 16384
#define OPENING 32
#define PATIENCE 60
#define STILL 5
#define LONGER 4
#define MOST_FAILED 1000

/* Where in a reply a client is: in the head, in a body of known length, of chunks, or that ends with the connection. */
enum part { HEADERS, LENGTH, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, UNTIL_CLOSED };

struct client {
    int fd, ok, closing, first_seen;
    enum part part;
    char head[HEAD];
    size_t have;
    uint64_t left;
    int line;
    char last;
    int64_t asked;
    size_t sent;
};

struct delays {
    float *all;
    size_t count, room;
};

static int poller, port, holding;
static char *request;
static size_t request_length;
static uint64_t requests, failed, pieces, events, bytes, opened, opening;
static struct delays first, whole;

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void note(struct delays *d, int64_t since) {
    if (d->count == d->room) {
        d->room = d->room ? d->room * 2 : 65536;
        d->all = realloc(d->all, d->room * sizeof *d->all);
        if (!d->all)
            exit(1);
    }
    d->all[d->count++] = (now() - since) / 1000.0f;
}

static void fail(const char *what) {
    failed++;
    if (failed >= MOST_FAILED && !holding) {
        fprintf(stderr, "load: %d requests failed, the last: %s\n", MOST_FAILED, what);
        exit(1);
    }
}

static void ask(struct client *c);

static void connect_to(struct client *c) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    int yes = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof a)) {
        perror("load: connect");
        exit(1);
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e);
}

static void reopen(struct client *c, const char *why) {
    if (why)
        fail(why);
    close(c->fd);
    connect_to(c);
    ask(c);
}

/* Requests are small beside a socket's buffer; one that isn't is sent as the far side takes it, and blocks. */
static void ask(struct client *c) {
    c->part = HEADERS;
    c->have = 0;
    c->first_seen = 0;
    c->asked = now();
    for (size_t sent = 0; sent < request_length;) {
        ssize_t got = send(c->fd, request + sent, request_length - sent, MSG_NOSIGNAL);
        if (got < 0)
            return reopen(c, "the connection broke while a request was sent");
        sent += got;
    }
}

static void done(struct client *c) {
    requests++;
    if (c->ok)
        note(&whole, c->asked);
    else
        fail(c->head);
    if (c->closing)
        reopen(c, NULL);
    else
        ask(c);
}

static void count(struct client *c, const char *data, size_t length) {
    if (!c->first_seen && c->ok && length) {
        c->first_seen = 1;
        note(&first, c->asked);
        opened += holding;
        opening -= holding;
    }
    bytes += length;
    for (size_t i = 0; i < length; i++) {
        pieces += data[i] == '~';
        events += data[i] == '\n' && c->last == '\n';
        c->last = data[i];
    }
}

/* Read a reply's head if it is whole, and return how many of the new bytes belonged to it; -1: wait for more. */
static ssize_t read_head(struct client *c, const char *data, size_t length) {
    size_t before = c->have, taken = length < HEAD - 1 - before ? length : HEAD - 1 - before;
    memcpy(c->head + before, data, taken);
    c->have += taken;
    c->head[c->have] = 0;
    char *end = strstr(c->head, "\r\n\r\n");
    if (!end)
        return -1;
    size_t used = end + 4 - c->head - before;
    *end = 0;
    c->ok = !strncmp(c->head + 9, "200", 3);
    char *field = strcasestr(c->head, "\r\ncontent-length:");
    c->closing = strcasestr(c->head, "\r\nconnection: close") != NULL;
    c->last = 0;
    c->left = field ? strtoull(field + 17, NULL, 10) : 0;
    c->line = 0;
    c->part = field ? LENGTH : strcasestr(c->head, "\r\ntransfer-encoding: chunked") ? CHUNK_SIZE : UNTIL_CLOSED;
    return used;
}

/* Take one byte of chunked framing. Returns 1 at the reply's end. */
static int frame(struct client *c, char byte) {
    if (c->part == CHUNK_SIZE && byte == '\n') {
        c->part = c->left ? CHUNK_DATA : TRAILER;
        c->line = 0;
    } else if (c->part == CHUNK_SIZE && byte == ';')
        c->line = 1;
    else if (c->part == CHUNK_SIZE && byte != '\r' && !c->line)
        c->left = c->left * 16 + (byte <= '9' ? byte - '0' : (byte | 32) - 'a' + 10);
    else if (c->part == CHUNK_END && byte == '\n') {
        c->part = CHUNK_SIZE;
        c->left = 0;
    } else if (c->part == TRAILER && byte == '\n') {
        if (!c->line)
            return 1;
        c->line = 0;
    } else if (c->part == TRAILER && byte != '\r')
        c->line = 1;
    return 0;
}

static void take(struct client *c, const char *data, size_t length) {
    while (length) {
        size_t used = 1;
        int ended = 0;
        if (c->part == HEADERS) {
            ssize_t got = read_head(c, data, length);
            if (got < 0)
                return;
            used = got;
            ended = c->part == LENGTH && !c->left;
        } else if (c->part == LENGTH || c->part == CHUNK_DATA) {
            used = length < c->left ? length : c->left;
            count(c, data, used);
            c->left -= used;
            ended = c->part == LENGTH && !c->left;
            if (c->part == CHUNK_DATA && !c->left)
                c->part = CHUNK_END;
        } else if (c->part == UNTIL_CLOSED)
            count(c, data, used = length);
        else
            ended = frame(c, *data);
        data += used;
        length -= used;
        if (ended)
            return done(c);
    }
}

static void receive(struct client *c) {
    static char data[262144];
    ssize_t got = recv(c->fd, data, sizeof data, MSG_DONTWAIT);
    if (got > 0)
        take(c, data, got);
    else if (got < 0 && errno == EAGAIN)
        return;
    else if (c->part == UNTIL_CLOSED) {
        requests++;
        note(&whole, c->asked);
        reopen(c, NULL);
    } else
        reopen(c, c->part == HEADERS ? "the connection closed before a reply" : "the connection closed in a reply");
}

/* Let replies come until a moment, until so many requests are done, or, once, when streams are being opened. */
static void run(int64_t until, uint64_t most, int once) {
    while (now() < until && requests < most) {
        struct epoll_event ready[256];
        int64_t left = (until - now()) / 1000000 + 1;
        int count = epoll_wait(poller, ready, 256, left > 50 ? 50 : (int)left);
        for (int i = 0; i < count; i++)
            receive(ready[i].data.ptr);
        if (once)
            return;
    }
}

static int smaller(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void print_delays(const char *name, struct delays *d) {
    qsort(d->all, d->count, sizeof *d->all, smaller);
    float middle = d->count ? d->all[d->count / 2] : 0, late = d->count ? d->all[d->count * 99 / 100] : 0;
    printf(", \"%s_p50\": %.1f, \"%s_p99\": %.1f", name, middle, name, late);
}

static void start(struct client *clients, long count) {
    for (long i = 0; i < count; i++) {
        connect_to(&clients[i]);
        ask(&clients[i]);
    }
}

static void begin(void) {
    requests = failed = pieces = events = bytes = first.count = whole.count = 0;
    puts("begin");
    fflush(stdout);
}

static void report(int64_t begun) {
    printf("{\"seconds\": %.4f, \"requests\": %lu, \"failed\": %lu, \"pieces\": %lu, \"events\": %lu, \"bytes\": %lu",
           (now() - begun) / 1e9, requests, failed, pieces, events, bytes);
    print_delays("first", &first);
    print_delays("whole", &whole);
    puts("}");
    fflush(stdout);
}

static void run_for(double seconds, uint64_t least) {
    run(now() + (int64_t)(seconds * 1e9), UINT64_MAX, 0);
    run(now() + LONGER * 1000000000LL, least, 0);
}

static void measure(double warmup, double seconds, uint64_t least) {
    run_for(warmup, least / 4);
    begin();
    int64_t begun = now();
    run_for(seconds, least);
    report(begun);
}

static void measure_count(uint64_t warmup, uint64_t most) {
    run(INT64_MAX, warmup, 0);
    begin();
    int64_t begun = now();
    run(INT64_MAX, most, 0);
    report(begun);
}

static void hold(struct client *clients, uint64_t count) {
    char end;
    uint64_t asked = 0, before = 0;
    int64_t until = now() + PATIENCE * 1000000000LL, still = now() + STILL * 1000000000LL;
    holding = 1;
    while (opened < count && failed < MOST_FAILED && now() < until && now() < still) {
        for (; asked < count && opening < OPENING; asked++, opening++) {
            connect_to(&clients[asked]);
            ask(&clients[asked]);
        }
        run(still, UINT64_MAX, 1);
        if (opened > before)
            still = now() + STILL * 1000000000LL;
        before = opened;
    }
    printf("{\"open\": %lu}\n", opened);
    fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0)
        ;
}

static void prepare(const char *path, const char *file) {
    char head[1024];
    FILE *body = fopen(file, "rb");
    if (!body || fseek(body, 0, SEEK_END)) {
        perror(file);
        exit(1);
    }
    long length = ftell(body);
    rewind(body);
    int start = snprintf(head, sizeof head,
        "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nAccept: */*\r\n"
        "Authorization: Bearer someone\r\nanthropic-version: 2023-06-01\r\nUser-Agent: load\r\n"
        "Content-Length: %ld\r\n\r\n", length ? "POST" : "GET", path, port, length);
    request_length = start + length;
    request = malloc(request_length);
    memcpy(request, head, start);
    if (fread(request + start, 1, length, body) != (size_t)length)
        exit(1);
    fclose(body);
}

int main(int argc, char **argv) {
    if (argc != 6 && argc != 8) {
        fputs("usage: load PORT PATH BODYFILE CLIENTS (WARMUP SECONDS LEAST | count WARMUP REQUESTS | hold)\n", stderr);
        return 2;
    }
    struct rlimit most;
    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max;
    setrlimit(RLIMIT_NOFILE, &most);
    port = atoi(argv[1]);
    prepare(argv[2], argv[3]);
    long count = atol(argv[4]);
    struct client *clients = calloc(count, sizeof *clients);
    poller = epoll_create1(0);
    if (argc == 6) {
        hold(clients, count);
        return 0;
    }
    start(clients, count);
    if (!strcmp(argv[5], "count"))
        measure_count(atol(argv[6]), atol(argv[7]));
    else
        measure(atof(argv[5]), atof(argv[6]), atol(argv[7]));
    return 0;
}
