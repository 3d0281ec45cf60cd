// The peer's /init: on Linux, the operations that user/bench does on our kernel, under the same names and printed the same way. What an
// operation is counted by, how many times it is done, and what is left out of the measure are what they are there.
//
// It prints "bench NAME COUNT" for each operation: the median of seven runs, after one to warm up; and "bench NAME/cold COUNT", what the first one of all
// took. A name that ends in ":" and a word is another way to do the operation of that name. With the argument --sweep=size, --sweep=objects or
// --sweep=entries it prints "bench NAME@X COUNT" instead, with --pressure what page-in from compressed memory costs, with --objects bytes of an object.
// The first line is "bench: begins at TICKS", the last one "bench: done", or "bench: FAILED: " and the reason; then it ends the machine.
#include "peer.h"

static u64 null_trap(u64 n)
{
	u64 start = ticks();
	for (u64 i = 0; i < n; i++)
		call1(SYS_GETPPID, 0);
	return ticks() - start;
}

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

enum { PAGES = 256, HUGE = 512 }; // less than a huge page, and that

static const struct operation operations[] = {
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
	{"page-in-remap", PAGES, remap},
	{"page-in", PAGES, page_in},
};

static void operations_run(void)
{
	for (u64 i = 0; i < sizeof operations / sizeof operations[0]; i++) {
		const struct operation *o = &operations[i];
		u64 n = o->n > HUGE ? HUGE : 1;
		u64 cold = o->measure(n) / n;
		print_count(o->name, "", -1, median(o->measure, o->n, 7));
		print_count(o->name, "/cold", -1, cold);
	}
}

// prepare makes what the operations need of the system.
static void prepare(void)
{
	static const char *const mounts[][2] = {{"/sys", "sysfs"}, {"/proc", "proc"}, {"/dev", "devtmpfs"}};
	for (int i = 0; i < 3; i++) {
		const char *at = mounts[i][0], *type = mounts[i][1];
		call3(SYS_MKDIR, (u64)at, 0755, 0);
		must(at, call6(SYS_MOUNT, (u64)type, (u64)at, (u64)type, 0, 0, 0));
	}
	set("/sys/kernel/mm/transparent_hugepage/enabled", "always");
}

void start(u64 argc, const char **argv)
{
	u64 begins = ticks();
	must("iopl", call1(SYS_IOPL, 3));
	print("bench: begins at ");
	print_number(begins);
	print("\n");
	prepare();
	const char *what = argv[argc - 1]; // the kernel puts words that it does not know before ours
	if (same(what, "--pressure"))
		pressure();
	else if (same(what, "--objects"))
		object_memory();
	else if (same(what, "--sweep=size"))
		sweep("size");
	else if (same(what, "--sweep=objects"))
		sweep("objects");
	else if (same(what, "--sweep=entries"))
		sweep("entries");
	else
		operations_run();
	print("bench: done\n");
	power_off();
}

asm(".globl _start\n_start:\tmov (%rsp), %rdi\n\tlea 8(%rsp), %rsi\n\tand $-16, %rsp\n\tcall start\n");
