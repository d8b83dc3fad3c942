/* HTTP/1.1 over one epoll loop: keep-alive, GET only, an answer delayed by a fixed latency without
 * holding up the others. As the latency is the same for all, the delayed answers form a queue. */
#define _GNU_SOURCE
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 4096, REQUEST_BYTES = 8192, HEAD_BYTES = 512 };

struct connection {
    unsigned generation; /* tells a new connection from the old one on the same descriptor */
    size_t in_used, out_used, out_sent, out_capacity;
    char *out;
    bool is_open, is_waiting, closes;
    char in[REQUEST_BYTES + 1];
};

struct delayed {
    int fd;
    unsigned generation, page;
    double due;
};

static struct connection connections[MAX_CONNECTIONS];
static struct delayed queue[MAX_CONNECTIONS]; /* a ring: at most one answer per connection waits */
static unsigned queue_head, queue_length;
static const struct options *settings;
static int epoll, timer;

static void close_connection(int fd) {
    struct connection *c = &connections[fd];
    close(fd);
    c->is_open = false;
    c->generation++;
}

static void watch(int fd, unsigned events, int operation) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(epoll, operation, fd, &event)) die("epoll_ctl");
}

static char *room_for(struct connection *c, size_t bytes) {
    if (c->out_capacity < bytes) {
        c->out = realloc(c->out, bytes);
        if (!c->out) die("realloc");
        c->out_capacity = bytes;
    }
    c->out_used = c->out_sent = 0;
    return c->out;
}

static void flush(int fd) {
    struct connection *c = &connections[fd];
    while (c->out_sent < c->out_used) {
        ssize_t sent = send(fd, c->out + c->out_sent, c->out_used - c->out_sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return watch(fd, EPOLLOUT, EPOLL_CTL_MOD);
        if (sent < 0) return close_connection(fd);
        c->out_sent += (size_t)sent;
    }
    c->out_used = c->out_sent = 0;
    if (c->closes) close_connection(fd);
}

static void answer(int fd, const char *status, const char *type, const char *extra, const char *body, size_t length) {
    struct connection *c = &connections[fd];
    char *out = room_for(c, HEAD_BYTES + length);
    int head = snprintf(out, HEAD_BYTES, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n", status, type,
                        length, extra);
    if (body) memcpy(out + head, body, length);
    c->out_used = (size_t)head + length;
}

static void answer_page(int fd, unsigned page) {
    char etag[64] = "";
    if (settings->etag) snprintf(etag, sizeof etag, "ETag: \"page-%u\"\r\n", page);
    answer(fd, "200 OK", "text/html; charset=utf-8", etag, NULL, PAGE_BYTES);
    struct connection *c = &connections[fd];
    shop_page(c->out + c->out_used - PAGE_BYTES, page, settings->pages);
    flush(fd);
}

static void answer_hits(int fd) {
    char *json;
    size_t length;
    FILE *out = open_memstream(&json, &length);
    hits_print(out);
    fclose(out);
    answer(fd, "200 OK", "application/json", "", json, length);
    free(json);
    flush(fd);
}

static void answer_text(int fd, const char *status, const char *text) {
    answer(fd, status, "text/plain", "", text, strlen(text));
    flush(fd);
}

static void set_timer(void) {
    struct itimerspec when = {0};
    if (queue_length) {
        double due = queue[queue_head].due;
        when.it_value.tv_sec = (time_t)due;
        when.it_value.tv_nsec = (long)((due - (double)(time_t)due) * 1e9) + 1;
    }
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void delay_page(int fd, unsigned page, double now) {
    if (queue_length == MAX_CONNECTIONS) die("too many answers wait");
    struct delayed *entry = &queue[(queue_head + queue_length) % MAX_CONNECTIONS];
    *entry = (struct delayed){fd, connections[fd].generation, page, now + settings->latency_seconds};
    connections[fd].is_waiting = true;
    if (!queue_length++) set_timer();
}

static bool is_unchanged(const char *head, unsigned page) {
    char validator[64];
    snprintf(validator, sizeof validator, "\"page-%u\"", page);
    const char *asked = settings->etag ? strcasestr(head, "\r\nif-none-match:") : NULL;
    return asked && strstr(asked, validator);
}

static void handle_listing(int fd, const char *head, const char *path, double now) {
    unsigned page = 1;
    if (path[9] == '?' && sscanf(path + 9, "?page=%u", &page) != 1) page = 0;
    if (page < 1 || page > settings->pages) return answer_text(fd, "404 Not Found", "no such page\n");
    if (is_unchanged(head, page)) {
        hits_not_modified();
        return answer_text(fd, "304 Not Modified", "");
    }
    hits_download(page, now);
    if (settings->latency_seconds > 0) return delay_page(fd, page, now);
    answer_page(fd, page);
}

static void handle(int fd, const char *head) {
    double now = wall_clock();
    connections[fd].closes = strcasestr(head, "\r\nconnection: close") != NULL;
    if (strncmp(head, "GET /", 5)) return answer_text(fd, "405 Method Not Allowed", "");
    const char *path = head + 4;
    if (!strncmp(path, "/__hits", 7)) return answer_hits(fd);
    if (!strncmp(path, "/__reset", 8)) {
        hits_reset();
        return answer_text(fd, "200 OK", "reset\n");
    }
    hits_request(now);
    if (!strncmp(path, "/products", 9)) return handle_listing(fd, head, path, now);
    if (!strncmp(path, "/robots.txt", 11)) return answer_text(fd, "200 OK", "User-agent: *\nAllow: /\n");
    answer_text(fd, "404 Not Found", "not found\n");
}

/* One request at a time: a client that pipelines finds its next one answered after this one. */
static void handle_buffered(int fd) {
    struct connection *c = &connections[fd];
    while (c->is_open && !c->is_waiting && !c->out_used) {
        c->in[c->in_used] = 0;
        char *end = strstr(c->in, "\r\n\r\n");
        if (!end) {
            if (c->in_used == REQUEST_BYTES) close_connection(fd);
            return;
        }
        end[2] = 0;
        size_t used = (size_t)(end + 4 - c->in);
        unsigned generation = c->generation;
        handle(fd, c->in);
        if (generation != c->generation) return;
        c->in_used -= used;
        memmove(c->in, c->in + used, c->in_used);
    }
}

static void receive(int fd) {
    struct connection *c = &connections[fd];
    ssize_t got = recv(fd, c->in + c->in_used, REQUEST_BYTES - c->in_used, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return close_connection(fd);
    c->in_used += (size_t)got;
    handle_buffered(fd);
}

static void send_what_is_due(void) {
    double now = wall_clock();
    while (queue_length && queue[queue_head].due <= now) {
        struct delayed entry = queue[queue_head];
        queue_head = (queue_head + 1) % MAX_CONNECTIONS;
        queue_length--;
        struct connection *c = &connections[entry.fd];
        if (!c->is_open || c->generation != entry.generation) continue;
        c->is_waiting = false;
        answer_page(entry.fd, entry.page);
        handle_buffered(entry.fd);
    }
    set_timer();
}

static void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MAX_CONNECTIONS) {
            close(fd);
            continue;
        }
        struct connection *c = &connections[fd];
        c->in_used = c->out_used = c->out_sent = 0;
        c->is_open = true;
        c->is_waiting = c->closes = false;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
}

int loop_listen(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1024)) die("listen");
    return fd;
}

int loop_port(int listener) {
    struct sockaddr_in address;
    if (getsockname(listener, (struct sockaddr *)&address, &(socklen_t){sizeof address})) die("getsockname");
    return ntohs(address.sin_port);
}

void loop_serve(int listener, const struct options *options) {
    settings = options;
    hits_start(options->pages);
    epoll = epoll_create1(0);
    timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
    watch(timer, EPOLLIN, EPOLL_CTL_ADD);
    struct epoll_event events[256];
    for (;;) {
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                accept_all(listener);
            } else if (fd == timer) {
                unsigned long long expirations;
                if (read(timer, &expirations, sizeof expirations) > 0) send_what_is_due();
            } else if (events[i].events & EPOLLOUT) {
                watch(fd, EPOLLIN, EPOLL_CTL_MOD);
                flush(fd);
                handle_buffered(fd);
            } else {
                receive(fd);
            }
        }
    }
}
