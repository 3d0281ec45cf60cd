// The parts of the peer's program.
#pragma once
#include "linux.h"

// SCATTERED is the step, in pages, of an order that never touches the page behind the last one. It has no factor with the numbers of
// pages, which are powers of two.
enum { SCATTERED = 37 };

// base.c
void print(const char *s);
void print_number(u64 n);
s64 must(const char *what, s64 ret);                // ends the program if ret is an error
__attribute__((noreturn)) void power_off(void);
void set(const char *file, const char *value);

int object(u64 size, int flags);                    // memfd_create and ftruncate, which are default_pager_object_create
u8 *map(u64 size, int flags, int fd);
void drop(u8 *at, u64 size, int fd);                // munmap, and close if fd is not -1
u64 touch(u8 *at, u64 n, u64 step);                 // writes to n pages; answers the ticks
int fork(void);
void wait(int child);

// init.c
u64 object_create(u64 n);
u64 object_cycle(u64 n);

// calls.c
u64 pipe_empty(u64 n);
u64 pipe_4k(u64 n);
u64 futex_empty(u64 n);
u64 futex_4k(u64 n);
u64 page_in(u64 n);
