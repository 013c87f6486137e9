#pragma once

/// How many arguments the program was started with, its own name included.
int cearly_argument_count(void);

/// An argument; valid as long as the program runs.
const char *cearly_argument(int index);

/// Gives the program its own environment back. Until then a static program has none.
void cearly_restore_environment(void);

/// The variable at an index, as `NAME=value`; NULL after the last one.
const char *cearly_variable(int index);
