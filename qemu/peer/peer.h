// The parts of the peer's program.
#pragma once
#include "linux.h"

// SCATTERED is the step, in pages, of an order that never touches the page behind the last one. It has no factor with the numbers of
// pages, which are powers of two.
enum { SCATTERED = 37 };

// operation does something n times, or to n pages, and answers the ticks that it took, without what must be done around it.
struct operation {
	const char *name;
	u64 n;
	u64 (*measure)(u64 n);
};

// base.c
void print(const char *s);
void print_number(u64 n);
int same(const char *a, const char *b);
void print_count(const char *name, const char *way, s64 x, u64 count); // "bench NAMEWAY COUNT", with @X if x is not negative
u64 median(u64 (*measure)(u64 n), u64 n, int runs); // of so many runs after one to warm up, by n; without runs: that one
u64 free_memory(void);                              // bytes
s64 must(const char *what, s64 ret);                // ends the program if ret is an error
__attribute__((noreturn)) void power_off(void);
void set(const char *file, const char *value);

int object(u64 size, int flags);                    // memfd_create and ftruncate, which are default_pager_object_create
u8 *map(u64 size, int flags, int fd);
void drop(u8 *at, u64 size, int fd);                // munmap, and close if fd is not -1
u64 touch(u8 *at, u64 n, u64 step);                 // writes to n pages; answers the ticks
int fork(void);
void wait(int child);

// memory.c
u64 object_create(u64 n);
u64 object_cycle(u64 n);
u64 first_touch_scattered(u64 n);
u64 first_touch_ascending(u64 n);
u64 first_touch_hugetlb(u64 n);
u64 first_touch_thp(u64 n);
u64 zero_fill_scattered(u64 n);
u64 zero_fill_ascending(u64 n);
u64 zero_fill_populate(u64 n);
u64 zero_fill_thp(u64 n);
u64 unmap_destroy(u64 n);
u64 second_mapping(u64 n);
u64 second_mapping_populate(u64 n);
u64 remap(u64 n);
u64 copy_private(u64 n);

// sweep.c
void sweep(const char *over);                       // size, objects or entries
void object_memory(void);

// swap.c
void pressure(void);

// calls.c
u64 pipe_empty(u64 n);
u64 pipe_4k(u64 n);
u64 futex_empty(u64 n);
u64 futex_4k(u64 n);
u64 page_in(u64 n);
