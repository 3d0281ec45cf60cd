// Printing, errors, memory and processes.
#include "peer.h"

void print(const char *s)
{
	u64 n = 0;
	while (s[n])
		n++;
	call3(SYS_WRITE, 1, (u64)s, n);
}

void print_number(u64 n)
{
	char text[24], *at = text + sizeof text - 1;
	*at = 0;
	do
		*--at = '0' + n % 10;
	while (n /= 10);
	print(at);
}

int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

void print_count(const char *name, const char *way, s64 x, u64 count)
{
	print("bench ");
	print(name);
	print(way);
	if (x >= 0) {
		print("@");
		print_number(x);
	}
	print(" ");
	print_number(count);
	print("\n");
}

u64 median(u64 (*measure)(u64 n), u64 n, int runs)
{
	u64 counts[16];
	u64 first = measure(n) / n;
	if (runs == 0)
		return first;
	for (int r = 0; r < runs; r++) {
		u64 count = measure(n) / n;
		int at = r;
		for (; at > 0 && counts[at - 1] > count; at--)
			counts[at] = counts[at - 1];
		counts[at] = count;
	}
	return counts[runs / 2];
}

// free_memory reads sysinfo: include/uapi/linux/sysinfo.h.
u64 free_memory(void)
{
	u64 info[14];
	must("sysinfo", call1(SYS_SYSINFO, (u64)info));
	return info[5];
}

void power_off(void)
{
	asm volatile("outb %b0, %w1" : : "a"(0x10), "d"(0xf4)); // isa-debug-exit
	for (;;)
		;
}

s64 must(const char *what, s64 ret)
{
	if (ret >= 0 || ret < -4095)
		return ret;
	print("bench: FAILED: ");
	print(what);
	print(": error ");
	print_number(-ret);
	print("\n");
	power_off();
}

void set(const char *file, const char *value)
{
	int fd = must(file, call3(SYS_OPEN, (u64)file, O_WRONLY, 0));
	u64 n = 0;
	while (value[n])
		n++;
	must(file, call3(SYS_WRITE, fd, (u64)value, n));
	call1(SYS_CLOSE, fd);
}

int object(u64 size, int flags)
{
	int fd = must("memfd_create", call3(SYS_MEMFD_CREATE, (u64)"object", flags, 0));
	must("ftruncate", call3(SYS_FTRUNCATE, fd, size, 0));
	return fd;
}

u8 *map(u64 size, int flags, int fd)
{
	return (u8 *)must("mmap", call6(SYS_MMAP, 0, size, PROT_READ | PROT_WRITE, flags, fd, 0));
}

void drop(u8 *at, u64 size, int fd)
{
	must("munmap", call3(SYS_MUNMAP, (u64)at, size, 0));
	if (fd != -1)
		must("close", call1(SYS_CLOSE, fd));
}

u64 touch(u8 *at, u64 n, u64 step)
{
	volatile u8 *memory = at;
	u64 start = ticks();
	for (u64 i = 0, page = 0; i < n; i++) {
		memory[page * PAGE] = 1;
		page += step;
		page = page >= n ? page - n : page;
	}
	return ticks() - start;
}

int fork(void) { return must("fork", call1(SYS_FORK, 0)); }

void wait(int child) { must("wait", call4(SYS_WAIT4, child, 0, 0, 0)); }
