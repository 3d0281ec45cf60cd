// The peer's /init: on Linux, the operations that user/bench does on our kernel, under the same names and printed the same way. What an
// operation is counted by, how many times it is done, and what is left out of the measure are what they are there.
//
// It prints "bench NAME COUNT" for each operation: the median of seven runs, after one to warm up. A name that ends in ":" and a word is another way to do the
// operation of that name. The last line is "bench: done", or "bench: FAILED: " and the reason; then it ends the machine.
#include "peer.h"

static u64 null_trap(u64 n)
{
	u64 start = ticks();
	for (u64 i = 0; i < n; i++)
		call1(SYS_GETPPID, 0);
	return ticks() - start;
}

u64 object_create(u64 n)
{
	u64 sum = 0;
	for (u64 i = 0; i < n; i++) {
		u64 start = ticks();
		int fd = object(PAGE, 0);
		sum += ticks() - start;
		call1(SYS_CLOSE, fd);
	}
	return sum;
}

static u64 first_touch(u64 n, u64 step, int flags)
{
	int fd = object(n * PAGE, flags);
	u8 *at = map(n * PAGE, MAP_SHARED, fd);
	u64 sum = touch(at, n, step);
	drop(at, n * PAGE, fd);
	return sum;
}

static u64 first_touch_scattered(u64 n) { return first_touch(n, SCATTERED, 0); }
static u64 first_touch_ascending(u64 n) { return first_touch(n, 1, 0); }
static u64 first_touch_hugetlb(u64 n) { return first_touch(n, 1, MFD_HUGETLB); }

// first_touch_thp lets shared memory have transparent huge pages for the time: Debian's default is never.
static u64 first_touch_thp(u64 n)
{
	set("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "always");
	u64 sum = first_touch(n, 1, 0);
	set("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "never");
	return sum;
}

static u64 zero_fill(u64 n, u64 step)
{
	u8 *at = map(n * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	u64 sum = touch(at, n, step);
	drop(at, n * PAGE, -1);
	return sum;
}

static u64 zero_fill_scattered(u64 n) { return zero_fill(n, SCATTERED); }
static u64 zero_fill_ascending(u64 n) { return zero_fill(n, 1); }

// zero_fill_populate is mmap that makes all pages at once: the program must know that it will need them.
static u64 zero_fill_populate(u64 n)
{
	u64 start = ticks();
	u8 *at = map(n * PAGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);
	u64 sum = ticks() - start + touch(at, n, 1);
	drop(at, n * PAGE, -1);
	return sum;
}

// zero_fill_thp touches memory that lies so that transparent huge pages fit, for which Debian's default is always.
static u64 zero_fill_thp(u64 n)
{
	const u64 huge = 2 << 20;
	u8 *all = map(n * PAGE + huge, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	u64 sum = touch((u8 *)(((u64)all + huge - 1) & -huge), n, 1);
	drop(all, n * PAGE + huge, -1);
	return sum;
}

static u64 unmap_destroy(u64 n)
{
	int fd = object(n * PAGE, 0);
	u8 *at = map(n * PAGE, MAP_SHARED, fd);
	touch(at, n, 1);
	u64 start = ticks();
	drop(at, n * PAGE, fd);
	return ticks() - start;
}

// again maps a populated object once more and writes to it through the new mapping.
static u64 again(u64 n, int flags)
{
	int fd = object(n * PAGE, 0);
	u8 *at = map(n * PAGE, MAP_SHARED, fd);
	touch(at, n, 1);
	u64 start = ticks();
	u8 *second = map(n * PAGE, flags, fd);
	u64 sum = ticks() - start + touch(second, n, 1);
	drop(second, n * PAGE, -1);
	drop(at, n * PAGE, fd);
	return sum;
}

static u64 second_mapping(u64 n) { return again(n, MAP_SHARED); }
static u64 second_mapping_populate(u64 n) { return again(n, MAP_SHARED | MAP_POPULATE); }
static u64 copy_private(u64 n) { return again(n, MAP_PRIVATE); }

// copy_fork is what a child's writes cost to memory that its parent wrote before.
static u64 copy_fork(u64 n)
{
	u8 *at = map(n * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	volatile u64 *result = (u64 *)map(PAGE, MAP_SHARED | MAP_ANONYMOUS, -1);
	*result = 0;
	touch(at, n, 1);
	int child = fork();
	if (child == 0) {
		*result = touch(at, n, 1);
		call1(SYS_EXIT, 0);
	}
	wait(child);
	u64 sum = *result;
	drop(at, n * PAGE, -1);
	drop((u8 *)result, PAGE, -1);
	return sum;
}

u64 object_cycle(u64 n)
{
	u64 start = ticks();
	for (u64 i = 0; i < n; i++) {
		int fd = object(PAGE, 0);
		u8 *at = map(PAGE, MAP_SHARED, fd);
		*at = 1;
		drop(at, PAGE, fd);
	}
	return ticks() - start;
}

static u64 task_cycle(u64 n)
{
	u64 start = ticks();
	for (u64 i = 0; i < n; i++) {
		int child = fork();
		if (child == 0)
			call1(SYS_EXIT, 0);
		wait(child);
	}
	return ticks() - start;
}

// fork_resident is fork alone, while the process has so many bytes resident besides its own.
static u64 fork_resident(u64 n, u64 resident, int huge)
{
	u8 *at = map(resident, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!huge)
		must("madvise", call3(SYS_MADVISE, (u64)at, resident, MADV_NOHUGEPAGE));
	touch(at, resident / PAGE, 1);
	u64 sum = 0;
	for (u64 i = 0; i < n; i++) {
		u64 start = ticks();
		int child = fork();
		if (child == 0)
			call1(SYS_EXIT, 0);
		sum += ticks() - start;
		wait(child);
		(*at)++; // a process that forks writes again
	}
	drop(at, resident, -1);
	return sum;
}

static u64 fork_1m(u64 n) { return fork_resident(n, 1 << 20, 1); }
static u64 fork_64m(u64 n) { return fork_resident(n, 64 << 20, 1); }
static u64 fork_64m_small(u64 n) { return fork_resident(n, 64 << 20, 0); }

enum { PAGES = 256 }; // less than a huge page

static const struct {
	const char *name;
	u64 n;
	u64 (*measure)(u64 n);
} operations[] = {
	{"null-trap", 1000, null_trap},
	{"object-create", 100, object_create},
	{"first-touch-one-by-one", PAGES, first_touch_scattered},
	{"first-touch-clustered", PAGES, first_touch_ascending},
	{"first-touch-superpages", 2048, first_touch_hugetlb},
	{"first-touch-superpages:transparent", 2048, first_touch_thp},
	{"task-rpc:pipe", 500, pipe_empty},
	{"task-rpc:futex", 500, futex_empty},
	{"task-rpc-4k:pipe", 500, pipe_4k},
	{"task-rpc-4k:futex", 500, futex_4k},
	{"zero-fill-one-by-one", PAGES, zero_fill_scattered},
	{"zero-fill-clustered", PAGES, zero_fill_ascending},
	{"zero-fill-clustered:populate", PAGES, zero_fill_populate},
	{"zero-fill-superpages", 2048, zero_fill_thp},
	{"unmap-destroy", PAGES, unmap_destroy},
	{"second-mapping", PAGES, second_mapping},
	{"second-mapping:populate", PAGES, second_mapping_populate},
	{"copy-on-write:private", PAGES, copy_private},
	{"copy-on-write:fork", PAGES, copy_fork},
	{"object-cycle", 100, object_cycle},
	{"task-create-terminate", 50, task_cycle},
	{"fork-1m", 20, fork_1m},
	{"fork-64m", 20, fork_64m},
	{"fork-64m:small-pages", 20, fork_64m_small},
	{"page-in", PAGES, page_in},
};

static void operations_run(void)
{
	for (u64 i = 0; i < sizeof operations / sizeof operations[0]; i++) {
		enum { RUNS = 7 };
		u64 counts[RUNS];
		for (int r = -1; r < RUNS; r++) {
			u64 count = operations[i].measure(operations[i].n) / operations[i].n;
			if (r < 0)
				continue; // the first one warms up
			int at = r;
			for (; at > 0 && counts[at - 1] > count; at--)
				counts[at] = counts[at - 1];
			counts[at] = count;
		}
		print("bench ");
		print(operations[i].name);
		print(" ");
		print_number(counts[RUNS / 2]);
		print("\n");
	}
}

void start(void)
{
	must("iopl", call1(SYS_IOPL, 3));
	call3(SYS_MKDIR, (u64)"/sys", 0755, 0);
	call3(SYS_MKDIR, (u64)"/proc", 0755, 0);
	must("mount /sys", call6(SYS_MOUNT, (u64)"sysfs", (u64)"/sys", (u64)"sysfs", 0, 0, 0));
	must("mount /proc", call6(SYS_MOUNT, (u64)"proc", (u64)"/proc", (u64)"proc", 0, 0, 0));
	set("/sys/kernel/mm/transparent_hugepage/enabled", "always");
	operations_run();
	print("bench: done\n");
	power_off();
}

asm(".globl _start\n_start:\tand $-16, %rsp\n\tcall start\n");
