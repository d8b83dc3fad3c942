/* The command: `server [--port N] [--pages N] [--latency-ms N] [--etag]` serves until it is ended;
 * with `--ceiling SECONDS` it measures itself and prints its pages per second. */
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double wall_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void die(const char *what) {
    fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double value_of(int argc, char **argv, int *at) {
    if (++*at >= argc) die("an option lacks its value");
    return atof(argv[*at]);
}

static double parse(int argc, char **argv, struct options *options) {
    double ceiling_seconds = 0;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (!strcmp(name, "--etag")) options->etag = true;
        else if (!strcmp(name, "--port")) options->port = (int)value_of(argc, argv, &i);
        else if (!strcmp(name, "--pages")) options->pages = (unsigned)value_of(argc, argv, &i);
        else if (!strcmp(name, "--latency-ms")) options->latency_seconds = value_of(argc, argv, &i) / 1000;
        else if (!strcmp(name, "--ceiling")) ceiling_seconds = value_of(argc, argv, &i);
        else die(name);
    }
    return ceiling_seconds;
}

static void measure(int listener, const struct options *options, double seconds) {
    pid_t server = fork();
    if (server < 0) die("fork");
    if (!server) loop_serve(listener, options);
    double rate = load_pages_per_second(loop_port(listener), options->pages, 16, seconds);
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    printf("%.0f\n", rate);
}

int main(int argc, char **argv) {
    struct options options = {.pages = 2000};
    double ceiling_seconds = parse(argc, argv, &options);
    int listener = loop_listen(options.port);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (ceiling_seconds > 0) {
        measure(listener, &options, ceiling_seconds);
        return 0;
    }
    printf("%d\n", loop_port(listener));
    fflush(stdout);
    loop_serve(listener, &options);
}
