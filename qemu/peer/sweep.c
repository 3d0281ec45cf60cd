// Operations over the size of an object, the number of objects, the number of entries in a map; and what an object takes.
#include "peer.h"

static const struct operation by_size[] = {
	{"first-touch-clustered", 0, first_touch_ascending},
	{"second-mapping", 0, second_mapping},
	{"unmap-destroy", 0, unmap_destroy},
	{"copy-on-write", 0, copy_private},
};

static const struct operation by_objects[] = {
	{"object-create", 100, object_create},
	{"object-cycle", 100, object_cycle},
	{"first-touch-one-by-one", 256, first_touch_scattered},
	{"task-rpc", 256, futex_empty},
};

static const struct operation by_entries[] = {
	{"object-cycle", 100, object_cycle},
	{"zero-fill-one-by-one", 256, zero_fill_scattered},
	{"second-mapping", 256, second_mapping},
	{"task-rpc", 256, futex_empty},
};

enum { BY = 4 };

static u64 create_size;

static u64 create_sized(u64 n)
{
	u64 sum = 0;
	for (u64 i = 0; i < n; i++) {
		u64 start = ticks();
		int fd = object(create_size, 0);
		sum += ticks() - start;
		call1(SYS_CLOSE, fd);
	}
	return sum;
}

// over_size measures up to nine tenths of what is free: there is no swapping, and who takes all is killed. A copy needs as much again.
static void over_size(void)
{
	u64 largest = free_memory() / 10 * 9 / PAGE;
	for (u64 n = 1;; n = 4 * n < largest ? 4 * n : largest) {
		int runs = n > (16 << 20) / PAGE ? 0 : 3;
		for (int i = 0; i < BY; i++)
			if (2 * n <= largest || !same(by_size[i].name, "copy-on-write"))
				print_count(by_size[i].name, "", n * PAGE, median(by_size[i].measure, n, runs));
		create_size = n * PAGE;
		print_count("object-create", "", n * PAGE, median(create_sized, 4, 3));
		if (n == largest)
			return;
	}
}

static void limit(const char *what, u64 n)
{
	print("bench: limit ");
	print(what);
	print(": no more than ");
	print_number(n);
	print("\n");
}

// more_objects makes objects of one page that nobody touches; 0: there is no room.
static int more_objects(u64 *live, u64 to)
{
	for (; *live < to; ++*live) {
		s64 fd = call3(SYS_MEMFD_CREATE, (u64)"object", 0, 0);
		if (fd < 0 || call3(SYS_FTRUNCATE, fd, PAGE, 0) < 0)
			return 0;
	}
	return 1;
}

// more_entries cuts memory into pieces with different protections.
static int more_entries(u64 *entries, u64 to)
{
	if (to <= *entries)
		return 1;
	u64 n = to - *entries;
	u8 *at = map(n * PAGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	for (u64 i = 0; i < n; i += 2)
		if (call3(SYS_MPROTECT, (u64)at + i * PAGE, PAGE, PROT_READ) < 0)
			return 0;
	*entries = to;
	return 1;
}

static void over_count(const char *what, u64 most, int (*more)(u64 *now, u64 to), const struct operation *operations)
{
	u64 now = 0;
	for (u64 n = 1; n <= most; n *= 10) {
		if (!more(&now, n)) {
			limit(what, now);
			return;
		}
		for (int i = 0; i < BY; i++)
			print_count(operations[i].name, "", n, median(operations[i].measure, operations[i].n, 3));
	}
}

static void many_files(void)
{
	u64 most[2] = {1 << 20, 1 << 20};
	must("setrlimit", call3(SYS_SETRLIMIT, RLIMIT_NOFILE, (u64)most, 0));
}

void sweep(const char *over)
{
	if (same(over, "size")) {
		over_size();
	} else if (same(over, "objects")) {
		many_files();
		over_count(over, 100000, more_objects, by_objects);
	} else {
		set("/proc/sys/vm/max_map_count", "4000000");
		over_count(over, 1000000, more_entries, by_entries);
	}
}

// object_memory is how much less memory is free for each object, among many: an inode and a directory entry, an open file and its descriptor.
void object_memory(void)
{
	enum { WARM = 1000, MANY = 10000 };
	many_files();
	u64 live = 0;
	more_objects(&live, WARM);
	u64 before = free_memory();
	if (!more_objects(&live, WARM + MANY))
		must("objects", -ENOMEM);
	print_count("object-memory", "", -1, (before - free_memory()) / MANY);
}
