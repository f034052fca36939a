/*
 * A stand-in for ARGO that is never the bottleneck: it answers the gateway's calls with ready-made text.
 *
 * Usage: upstream            It prints the port that it took, and ends when its standard input does.
 *
 * What a reply is like is told by a marker in the request's body, which every proxy passes on with the message:
 * [[pieces=100 size=24 gap=10000]]: a stream's number of pieces; bytes of a piece, or of a whole reply's text;
 * microseconds between pieces, 0 for all at once, -1 for nothing after the first. A piece ends with '~', by which
 * they are counted. Errors, strictness and everything else that ARGO does are the simulator's business.
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
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH 65536
#define DIMENSIONS 1536

struct buffer {
    char *bytes;
    size_t start, end, room;
};

struct connection {
    int fd, streaming, blocked;
    struct buffer in, out;
    long pieces, size, gap;
    int64_t due;
    struct connection *next, *previous; /* among those that are paced */
};

static int poller, timer;
static struct connection paced = {.next = &paced, .previous = &paced};

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static char *reserve(struct buffer *b, size_t length) {
    if (b->start == b->end)
        b->start = b->end = 0;
    if (b->end + length > b->room) {
        b->room = (b->end + length) * 2;
        b->bytes = realloc(b->bytes, b->room);
        if (!b->bytes)
            exit(1);
    }
    return b->bytes + b->end;
}

static void put(struct buffer *b, const char *bytes, size_t length) {
    memcpy(reserve(b, length), bytes, length);
    b->end += length;
}

static void put_text(struct buffer *b, long size) {
    static const char words[] = "The first light of the morning came over the hills, and nobody was there to see it. ";
    char *at = reserve(b, size);
    for (long i = 0; i < size - 1; i++)
        at[i] = words[i % (sizeof words - 1)];
    at[size - 1] = '~';
    b->end += size;
}

static void put_piece(struct buffer *b, long size) {
    char head[32];
    put(b, head, snprintf(head, sizeof head, "%lx\r\n", size));
    put_text(b, size);
    put(b, "\r\n", 2);
}

static void unpace(struct connection *c) {
    if (c->next) {
        c->next->previous = c->previous;
        c->previous->next = c->next;
        c->next = c->previous = NULL;
    }
}

static void pace(struct connection *c) {
    c->due = now() + c->gap * 1000;
    c->next = &paced;
    c->previous = paced.previous;
    c->previous->next = paced.previous = c;
}

static void drop(struct connection *c) {
    unpace(c);
    close(c->fd);
    free(c->in.bytes);
    free(c->out.bytes);
    free(c);
}

static void watch(struct connection *c, int blocked) {
    struct epoll_event e = {.events = EPOLLIN | (blocked ? EPOLLOUT : 0), .data.ptr = c};
    c->blocked = blocked;
    epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &e);
}

/* Make more of a stream: as much as may go out now. */
static void make(struct connection *c) {
    if (!c->streaming || c->next || c->gap < 0)
        return;
    if (c->gap > 0 && c->pieces) {
        pace(c);
        return;
    }
    while (c->pieces && c->out.end - c->out.start < BATCH) {
        put_piece(&c->out, c->size);
        c->pieces--;
    }
    if (!c->pieces) {
        put(&c->out, "0\r\n\r\n", 5);
        c->streaming = 0;
    }
}

/* Write what there is. Returns 0 if the connection is gone. */
static int flush(struct connection *c) {
    while (c->out.start < c->out.end) {
        ssize_t sent = send(c->fd, c->out.bytes + c->out.start, c->out.end - c->out.start, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            if (!c->blocked)
                watch(c, 1);
            return 1;
        }
        if (sent < 0)
            return drop(c), 0;
        c->out.start += sent;
        if (c->out.start == c->out.end)
            make(c);
    }
    if (c->blocked)
        watch(c, 0);
    return 1;
}

static long told(const char *marker, const char *name, long otherwise) {
    const char *found = marker ? strstr(marker, name) : NULL;
    return found ? strtol(found + strlen(name), NULL, 10) : otherwise;
}

static void put_whole(struct connection *c, const struct buffer *body) {
    char head[160];
    put(&c->out, head, snprintf(head, sizeof head,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", body->end));
    put(&c->out, body->bytes, body->end);
}

static void answer_chat(struct connection *c) {
    static struct buffer body;
    body.end = 0;
    put(&body, "{\"response\": \"", 14);
    put_text(&body, c->size);
    put(&body, "\"}", 2);
    put_whole(c, &body);
}

static void answer_embed(struct connection *c) {
    static struct buffer body;
    if (!body.end) {
        put(&body, "{\"embedding\": [[", 16);
        for (int i = 0; i < DIMENSIONS; i++)
            put(&body, "-0.012345678,", i < DIMENSIONS - 1 ? 13 : 12);
        put(&body, "]]}", 3);
    }
    put_whole(c, &body);
}

static void answer_models(struct connection *c) {
    static const char models[] = "{\"data\": [{\"id\": \"GPT-4o\", \"internal_id\": \"gpt4o\", \"object\": \"model\"}]}";
    struct buffer body = {(char *)models, 0, sizeof models - 1, sizeof models - 1};
    put_whole(c, &body);
}

static void answer_stream(struct connection *c) {
    static const char head[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";
    put(&c->out, head, sizeof head - 1);
    put_piece(&c->out, c->size);
    c->pieces--;
    c->streaming = 1;
}

static void answer(struct connection *c, const char *path, const char *body, size_t length) {
    const char *marker = memmem(body, length, "[[", 2);
    c->pieces = told(marker, "pieces=", 16);
    c->size = told(marker, "size=", 24);
    c->gap = told(marker, "gap=", 0);
    if (!strncmp(path + 1, "/api/v1/resource/streamchat", 27))
        answer_stream(c);
    else if (strstr(path, "/embed"))
        answer_embed(c);
    else if (strstr(path, "/models"))
        answer_models(c);
    else
        answer_chat(c);
}

/* Answer the requests that are there whole. */
static int serve(struct connection *c) {
    while (!c->streaming && c->in.start < c->in.end) {
        *reserve(&c->in, 1) = 0;
        char *head = c->in.bytes + c->in.start, *end = strstr(head, "\r\n\r\n");
        if (!end)
            break;
        *end = 0;
        char *field = strcasestr(head, "\r\ncontent-length:"), *path = strchr(head, ' ');
        size_t length = field ? strtoul(field + 17, NULL, 10) : 0, whole = end + 4 - head + length;
        *end = '\r';
        if (c->in.end - c->in.start < whole)
            break;
        answer(c, path ? path : head, end + 4, length);
        c->in.start += whole;
        if (!flush(c))
            return 0;
    }
    return 1;
}

static void receive(struct connection *c) {
    char *room = reserve(&c->in, BATCH);
    ssize_t got = recv(c->fd, room, BATCH - 1, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        drop(c);
        return;
    }
    if (got > 0)
        c->in.end += got;
    serve(c);
}

static void welcome(int listener) {
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct connection *c = calloc(1, sizeof *c);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
        c->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
    }
}

/* Send the pieces that are due, and set the timer to the next. */
static void beat(void) {
    static int set;
    if (paced.next == &paced && !set)
        return;
    int64_t moment = now(), next = INT64_MAX;
    for (struct connection *c = paced.next, *after; c != &paced; c = after) {
        after = c->next;
        if (c->due <= moment) {
            int64_t due = c->due + c->gap * 1000;
            unpace(c);
            put_piece(&c->out, c->size);
            c->pieces--;
            if (!flush(c) || !c->next)
                continue;
            c->due = due > moment - 1000000000 ? due : moment;
        }
        next = c->due < next ? c->due : next;
    }
    struct itimerspec at = {.it_value = {next / 1000000000, next % 1000000000}};
    set = paced.next != &paced;
    if (!set)
        memset(&at, 0, sizeof at);
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static int listen_anywhere(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 4096) ||
        getsockname(listener, (struct sockaddr *)&a, &length)) {
        perror("upstream");
        exit(1);
    }
    printf("%d\n", ntohs(a.sin_port));
    fflush(stdout);
    return listener;
}

static void add(int *fd) {
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, *fd, &e);
}

int main(void) {
    static int listener, input = STDIN_FILENO;
    struct rlimit most;
    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max;
    setrlimit(RLIMIT_NOFILE, &most);
    poller = epoll_create1(0);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    listener = listen_anywhere();
    add(&listener), add(&input), add(&timer);
    for (;;) {
        struct epoll_event events[256];
        int count = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < count; i++) {
            void *who = events[i].data.ptr;
            struct connection *c = who;
            uint64_t times;
            if (who == &input)
                return 0;
            if (who == &listener)
                welcome(listener);
            else if (who == &timer) {
                if (read(timer, &times, sizeof times) < 0 && errno != EAGAIN)
                    return 1;
            } else if (!(events[i].events & EPOLLOUT) || flush(c)) {
                if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                    receive(c);
            }
        }
        beat();
    }
}
