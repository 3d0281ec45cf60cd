/* The small library that C programs of ring 3 stand on. */
#ifndef RUNTIME_H
#define RUNTIME_H

#include <mach/mach.h>

int main(int argc, char **argv);

/* The calling task's port: one right, held all the time, where mach_task_self gives one more each time. */
mach_port_t task_self(void);

/* leave ends the program, as a return from main does: with another status than 0 it says so. */
void leave(int status) __attribute__((noreturn));

/* print knows %s, and %d and %x of a long. */
void print(const char *format, ...);

void *memset(void *to, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
int compare(const char *a, const char *b);

#endif
