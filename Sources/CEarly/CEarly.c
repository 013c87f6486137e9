#define _GNU_SOURCE

#include "CEarly.h"

#include <malloc.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <unistd.h>

static int count;
static char **arguments;
static char **environment;

// Before its main function a static Swift program looks for the folder of its libraries, for the sake of backtraces, and
// aborts where /proc is not mounted. It does not look when it is told where its helper lies and that there are to be no
// backtraces: this makes the one environment in which it starts anywhere, and in which a crash runs no file of the target.
// Swift takes arguments from /proc as well; here they come from the C library.
// Runs before all initialisers of Swift, whose priority is 65535.
__attribute__((constructor(101))) static void start(int argc, char **argv, char **envp) {
    static char *quiet[] = {"SWIFT_BACKTRACE=enable=no,swift-backtrace=/none", NULL};
    count = argc;
    arguments = argv;
    environment = envp;
    // Each arena keeps what it once needed: with one for each thread the loader would take a quarter more than it may.
    mallopt(M_ARENA_MAX, 2);
    // Frames go back to the system when they are freed, instead of leaving holes in two arenas.
    mallopt(M_MMAP_THRESHOLD, 2 << 20);
    // With a dynamic loader, as in tests, the libraries have started already.
    if (getauxval(AT_BASE) == 0) environ = quiet;
}

int cearly_argument_count(void) { return count; }

const char *cearly_argument(int index) { return arguments[index]; }

void cearly_restore_environment(void) { environ = environment; }

const char *cearly_variable(int index) { return environment[index]; }
