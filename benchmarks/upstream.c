/*
 * A stand-in for ARGO that is never the bottleneck: it answers the gateway's calls, and those of the native wires, with
 * ready-made text.
 *
 * Usage: upstream [MODELS]   It prints the port that it took, and ends when its standard input does. MODELS is how many
 *                            models it lists, 2 if it isn't told.
 *
 * What a reply is like is told by a marker in the request's body, which every proxy passes on with the message:
 * [[pieces=100 size=24 gap=10000 hold=0 step=0]]: a stream's number of pieces; bytes of a piece, or of a whole reply's text;
 * microseconds between pieces or before a whole reply, 0 for all at once; 1 for a stream that does not end; 1 for the
 * pieces of all streams at the same moments. A piece ends with '~', by which they are counted. Errors, strictness and everything else that ARGO does are the simulator's business.
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

/* How a text is dressed: a whole reply's beginning and end; a stream's media type, beginning, each piece's, end. */
struct wire {
    const char *whole_before, *whole_after, *type, *opening, *before, *after, *closing;
};

#define OPENAI_CHUNK "data: {\"id\": \"chatcmpl-1\", \"object\": \"chat.completion.chunk\", \"created\": 1700000000, " \
    "\"model\": \"gpt-4o\", \"choices\": "
#define OPENAI_USAGE "\"usage\": {\"prompt_tokens\": 20, \"completion_tokens\": 80, \"total_tokens\": 100}"
#define ANTHROPIC_EVENT(name) "event: " name "\ndata: {\"type\": \"" name "\""

static const struct wire gateway = {"{\"response\": \"", "\"}", "text/plain; charset=utf-8", "", "", "", ""};

static const struct wire openai = {
    "{\"id\": \"chatcmpl-1\", \"object\": \"chat.completion\", \"created\": 1700000000, \"model\": \"gpt-4o\", "
    "\"choices\": [{\"index\": 0, \"message\": {\"role\": \"assistant\", \"content\": \"",
    "\"}, \"logprobs\": null, \"finish_reason\": \"stop\"}], " OPENAI_USAGE "}",
    "text/event-stream",
    OPENAI_CHUNK "[{\"index\": 0, \"delta\": {\"role\": \"assistant\", \"content\": \"\"}, "
    "\"finish_reason\": null}]}\n\n",
    OPENAI_CHUNK "[{\"index\": 0, \"delta\": {\"content\": \"",
    "\"}, \"finish_reason\": null}]}\n\n",
    OPENAI_CHUNK "[{\"index\": 0, \"delta\": {}, \"finish_reason\": \"stop\"}]}\n\n"
    OPENAI_CHUNK "[], " OPENAI_USAGE "}\n\n"
    "data: [DONE]\n\n",
};

static const struct wire anthropic = {
    "{\"id\": \"msg_1\", \"type\": \"message\", \"role\": \"assistant\", \"model\": \"claude-sonnet-4-5\", "
    "\"content\": [{\"type\": \"text\", \"text\": \"",
    "\"}], \"stop_reason\": \"end_turn\", \"stop_sequence\": null, "
    "\"usage\": {\"input_tokens\": 20, \"output_tokens\": 80}}",
    "text/event-stream",
    ANTHROPIC_EVENT("message_start")
    ", \"message\": {\"id\": \"msg_1\", \"type\": \"message\", \"role\": \"assistant\", "
    "\"model\": \"claude-sonnet-4-5\", \"content\": [], \"stop_reason\": null, \"stop_sequence\": null, "
    "\"usage\": {\"input_tokens\": 20, \"output_tokens\": 1}}}\n\n"
    ANTHROPIC_EVENT("content_block_start")
    ", \"index\": 0, \"content_block\": {\"type\": \"text\", \"text\": \"\"}}\n\n",
    ANTHROPIC_EVENT("content_block_delta") ", \"index\": 0, \"delta\": {\"type\": \"text_delta\", \"text\": \"",
    "\"}}\n\n",
    ANTHROPIC_EVENT("content_block_stop") ", \"index\": 0}\n\n"
    ANTHROPIC_EVENT("message_delta") ", \"delta\": {\"stop_reason\": \"end_turn\", \"stop_sequence\": null}, "
    "\"usage\": {\"output_tokens\": 80}}\n\n"
    ANTHROPIC_EVENT("message_stop") "}\n\n",
};

struct connection {
    int fd, streaming, thinking, blocked;
    const struct wire *wire;
    struct buffer in, out;
    long pieces, size, gap, hold, step;
    int64_t due;
    struct connection *next, *previous; /* among those that are paced, in the order in which they are due */
};

static int poller, timer, models = 2;
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

static void put_string(struct buffer *b, const char *text) {
    put(b, text, strlen(text));
}

static void put_chunk(struct buffer *b, const char *text) {
    char head[32];
    if (*text) {
        put(b, head, snprintf(head, sizeof head, "%zx\r\n", strlen(text)));
        put_string(b, text);
        put(b, "\r\n", 2);
    }
}

static void put_piece(struct connection *c) {
    char head[32];
    size_t length = strlen(c->wire->before) + c->size + strlen(c->wire->after);
    put(&c->out, head, snprintf(head, sizeof head, "%zx\r\n", length));
    put_string(&c->out, c->wire->before);
    put_text(&c->out, c->size);
    put_string(&c->out, c->wire->after);
    put(&c->out, "\r\n", 2);
    c->pieces--;
}

static void unpace(struct connection *c) {
    if (c->next) {
        c->next->previous = c->previous;
        c->previous->next = c->next;
        c->next = c->previous = NULL;
    }
}

/* From the end: where all have one pace, the place is there. */
static void pace(struct connection *c, int64_t due) {
    struct connection *before = paced.previous;
    while (before != &paced && before->due > due)
        before = before->previous;
    c->due = due;
    c->previous = before;
    c->next = before->next;
    c->next->previous = before->next = c;
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
    if (!c->streaming || c->next)
        return;
    if (c->gap > 0 && c->pieces) {
        int64_t moment = now(), due = c->due + c->gap * 1000;
        pace(c, due > moment - 1000000000 ? due : moment);
        return;
    }
    while (c->pieces && c->out.end - c->out.start < BATCH)
        put_piece(c);
    if (!c->pieces && !c->hold) {
        put_chunk(&c->out, c->wire->closing);
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

static void reply(struct connection *c) {
    static struct buffer body;
    body.end = 0;
    put_string(&body, c->wire->whole_before);
    put_text(&body, c->size);
    put_string(&body, c->wire->whole_after);
    put_whole(c, &body);
}

static void answer_chat(struct connection *c) {
    c->thinking = c->gap > 0;
    if (c->thinking)
        pace(c, now() + c->gap * 1000);
    else
        reply(c);
}

static void put_vector(struct buffer *body, const char *before, const char *after) {
    put_string(body, before);
    for (int i = 0; i < DIMENSIONS; i++)
        put(body, "-0.012345678,", i < DIMENSIONS - 1 ? 13 : 12);
    put_string(body, after);
}

static void answer_embed(struct connection *c) {
    static struct buffer body;
    if (!body.end)
        put_vector(&body, "{\"embedding\": [[", "]]}");
    put_whole(c, &body);
}

static void answer_embeddings(struct connection *c) {
    static struct buffer body;
    if (!body.end)
        put_vector(&body,
            "{\"object\": \"list\", \"data\": [{\"object\": \"embedding\", \"index\": 0, \"embedding\": [",
            "]}], \"model\": \"text-embedding-3-small\", \"usage\": {\"prompt_tokens\": 20, \"total_tokens\": 20}}");
    put_whole(c, &body);
}

static void answer_models(struct connection *c) {
    static const char *const known[] = {
        "GPT-4o\", \"internal_id\": \"gpt4o",
        "Claude Sonnet 4.5\", \"internal_id\": \"claudesonnet45",
    };
    static struct buffer body;
    char more[64];
    for (int i = 0; i < models; i++) {
        snprintf(more, sizeof more, "Model %d\", \"internal_id\": \"model%d", i, i);
        put_string(&body, i ? ", {\"id\": \"" : "{\"object\": \"list\", \"data\": [{\"id\": \"");
        put_string(&body, i < 2 ? known[i] : more);
        put_string(&body, "\", \"object\": \"model\", \"created\": 1700000000, \"owned_by\": \"argo\"}");
    }
    put_string(&body, "]}");
    put_whole(c, &body);
    body.end = 0;
}

/* How much sooner a stream's second piece comes, so that the pieces of many are spread evenly over the time. Else they
 * would come as closely as the requests did, and who asks for all at once would be spared most of its waking up. */
static int64_t beginning(int64_t gap) {
    static uint32_t share;
    share += 2654435769u; /* the golden ratio's part of it all: each falls into the largest hole that is left */
    return gap * (int64_t)(share >> 16) >> 16;
}

static void answer_stream(struct connection *c) {
    char head[128];
    put(&c->out, head, snprintf(head, sizeof head,
        "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", c->wire->type));
    put_chunk(&c->out, c->wire->opening);
    put_piece(c);
    int64_t moment = now(), gap = c->gap * 1000;
    c->due = moment - (c->step && gap ? moment % gap : beginning(gap));
    c->streaming = 1;
}

static int asks_for_stream(const char *body, size_t length) {
    return memmem(body, length, "\"stream\":true", 13) || memmem(body, length, "\"stream\": true", 14);
}

/* A path that nobody knows gets a reply too: where there is no proxy, it is asked after its health. */
static const struct {
    const char *path;
    const struct wire *wire;
    void (*answer)(struct connection *c);
} calls[] = {
    {"/api/v1/resource/streamchat", &gateway, answer_stream},
    {"/api/v1/resource/embed", &gateway, answer_embed},
    {"/api/v1/models", &gateway, answer_models},
    {"/v1/chat/completions", &openai, answer_chat},
    {"/v1/messages", &anthropic, answer_chat},
    {"/v1/embeddings", &openai, answer_embeddings},
    {"/v1/models", &openai, answer_models},
    {"/", &gateway, answer_chat},
};

static void answer(struct connection *c, const char *path, const char *body, size_t length) {
    const char *marker = memmem(body, length, "[[", 2);
    int i = 0;
    c->pieces = told(marker, "pieces=", 16);
    c->size = told(marker, "size=", 24);
    c->gap = told(marker, "gap=", 0);
    c->hold = told(marker, "hold=", 0);
    c->step = told(marker, "step=", 0);
    while (strncmp(path, calls[i].path, strlen(calls[i].path)))
        i++;
    c->wire = calls[i].wire;
    if (calls[i].answer == answer_chat && c->wire != &gateway && asks_for_stream(body, length))
        answer_stream(c);
    else
        calls[i].answer(c);
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
        answer(c, path ? path + 1 : "/", end + 4, length);
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
    int64_t moment = now();
    while (paced.next != &paced && paced.next->due <= moment) {
        struct connection *c = paced.next;
        unpace(c);
        if (c->thinking)
            reply(c);
        else
            put_piece(c);
        c->thinking = 0;
        flush(c);
    }
    set = paced.next != &paced;
    int64_t next = paced.next->due;
    struct itimerspec at = {.it_value = {next / 1000000000, next % 1000000000}};
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

int main(int argc, char **argv) {
    static int listener, input = STDIN_FILENO;
    struct rlimit most;
    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max;
    setrlimit(RLIMIT_NOFILE, &most);
    if (argc > 1)
        models = atoi(argv[1]);
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
