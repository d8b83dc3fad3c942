/* What the files of the benchmark's server share: the shop's pages, the count of downloads, the
 * event loop and the load client that measures the loop's ceiling. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { PAGE_BYTES = 20480, PRODUCTS_PER_PAGE = 20 };

struct options {
    int port; /* 0: a free one */
    unsigned pages;
    double latency_seconds;
    bool etag;
};

/* shop.c: writes exactly PAGE_BYTES of HTML. */
void shop_page(char *out, unsigned page, unsigned last_page);

/* hits.c */
void hits_start(unsigned pages);
void hits_reset(void);
void hits_request(double now);
void hits_download(unsigned page, double now);
void hits_not_modified(void);
void hits_print(FILE *out);

/* loop.c: listens on 127.0.0.1 and gives the bound port; serves until the process is ended. */
int loop_listen(int port);
int loop_port(int listener);
void loop_serve(int listener, const struct options *options);

/* load.c: pages per second that the server at the port delivers to several connections. */
double load_pages_per_second(int port, unsigned pages, int connections, double seconds);

double wall_clock(void);
void die(const char *what);

#endif
