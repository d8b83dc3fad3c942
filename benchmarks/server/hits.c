/* The count of what was asked of the server, and when: the measure of every crawl's promises. */
#include "server.h"

#include <stdlib.h>

static unsigned last_page;
static unsigned *per_page;
static double *times; /* wall clock of each download, ascending */
static size_t downloads, capacity, requests, not_modified;
static double first_request, first_page;

void hits_start(unsigned pages) {
    last_page = pages;
    per_page = calloc(pages + 1, sizeof *per_page);
    if (!per_page) die("calloc");
}

void hits_reset(void) {
    for (unsigned page = 0; page <= last_page; page++) per_page[page] = 0;
    downloads = requests = not_modified = 0;
    first_request = first_page = 0;
}

void hits_request(double now) {
    if (!requests++) first_request = now;
}

void hits_download(unsigned page, double now) {
    if (downloads == capacity) {
        capacity = capacity ? capacity * 2 : 4096;
        times = realloc(times, capacity * sizeof *times);
        if (!times) die("realloc");
    }
    if (!downloads) first_page = now;
    times[downloads++] = now;
    per_page[page]++;
}

void hits_not_modified(void) { not_modified++; }

static size_t most_in_one_second(void) {
    size_t most = 0;
    for (size_t newest = 0, oldest = 0; newest < downloads; newest++) {
        while (times[newest] - times[oldest] >= 1.0) oldest++;
        if (newest - oldest + 1 > most) most = newest - oldest + 1;
    }
    return most;
}

static double time_of_share(double share) {
    return downloads ? times[(size_t)(share * (double)(downloads - 1))] : 0;
}

/* Runs of neighbouring pages with the same count: [first, last, downloads of each]. */
static void print_per_page(FILE *out) {
    const char *comma = "";
    for (unsigned first = 1; first <= last_page;) {
        unsigned last = first;
        while (last < last_page && per_page[last + 1] == per_page[first]) last++;
        if (per_page[first]) {
            fprintf(out, "%s[%u,%u,%u]", comma, first, last, per_page[first]);
            comma = ",";
        }
        first = last + 1;
    }
}

void hits_print(FILE *out) {
    fprintf(out, "{\"requests\":%zu,\"downloads\":%zu,\"not_modified\":%zu,", requests, downloads, not_modified);
    fprintf(out, "\"first_request\":%.6f,\"first_page\":%.6f,", first_request, first_page);
    fprintf(out, "\"time_of_10_percent\":%.6f,\"time_of_90_percent\":%.6f,", time_of_share(0.1), time_of_share(0.9));
    fprintf(out, "\"most_in_one_second\":%zu,\"per_page\":[", most_in_one_second());
    print_per_page(out);
    fputs("]}", out);
}
