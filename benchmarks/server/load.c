/* A load client as bare as the server, to show that the server is not what a crawl waits for. */
#define _GNU_SOURCE
#include "server.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    int fd;
    size_t head_bytes, got;
};

static unsigned next_page;

static void ask(struct client *client, unsigned pages) {
    char request[128];
    int length = snprintf(request, sizeof request, "GET /products?page=%u HTTP/1.1\r\nHost: bench\r\n\r\n",
                          next_page++ % pages + 1);
    client->got = client->head_bytes = 0;
    if (send(client->fd, request, (size_t)length, MSG_NOSIGNAL) != length) die("send");
}

/* Whether the answer is complete now. */
static bool take(struct client *client) {
    static char body[PAGE_BYTES + 1024];
    ssize_t got = recv(client->fd, body, sizeof body, 0);
    if (got <= 0) die("recv");
    if (!client->head_bytes) {
        char *end = memmem(body, (size_t)got, "\r\n\r\n", 4);
        if (!end) die("an answer's head came in parts");
        client->head_bytes = (size_t)(end + 4 - body);
    }
    client->got += (size_t)got;
    return client->got == client->head_bytes + PAGE_BYTES;
}

static void open_clients(struct client *clients, int count, int port, int epoll) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < count; i++) {
        clients[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(clients[i].fd, (struct sockaddr *)&address, sizeof address)) die("connect");
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event)) die("epoll_ctl");
    }
}

double load_pages_per_second(int port, unsigned pages, int connections, double seconds) {
    struct client *clients = calloc((size_t)connections, sizeof *clients);
    struct epoll_event events[64];
    int epoll = epoll_create1(0);
    unsigned long done = 0;
    open_clients(clients, connections, port, epoll);
    double start = wall_clock();
    for (int i = 0; i < connections; i++) ask(&clients[i], pages);
    while (wall_clock() - start < seconds) {
        int count = epoll_wait(epoll, events, 64, 1000);
        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;
            if (!take(client)) continue;
            done++;
            ask(client, pages);
        }
    }
    double rate = (double)done / (wall_clock() - start);
    for (int i = 0; i < connections; i++) close(clients[i].fd);
    free(clients);
    return rate;
}
