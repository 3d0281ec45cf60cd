/* Checks of a program that prints how many of a kind were right, and in the end whether all were. */
#ifndef CHECK_H
#define CHECK_H

#include "runtime.h"

/* The program's name, which begins each line. */
extern const char program[];

/* is counts a check, and prints what is wrong. */
void is(const char *what, long got, long want);

/* done ends a group of checks. */
void done(const char *group);

/* all_right prints the last line and returns what main returns. */
int all_right(void);

/* named is the number behind an argument's beginning such as "--host=". Without that argument the program ends, with status 2. */
mach_port_t named(int argc, char **argv, const char *name);

#endif
