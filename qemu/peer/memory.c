// Memory: objects, mappings, faults.
#include "peer.h"

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

u64 first_touch_scattered(u64 n) { return first_touch(n, SCATTERED, 0); }
u64 first_touch_ascending(u64 n) { return first_touch(n, 1, 0); }
u64 first_touch_hugetlb(u64 n) { return first_touch(n, 1, MFD_HUGETLB); }

// first_touch_thp lets shared memory have transparent huge pages for the time: Debian's default is never.
u64 first_touch_thp(u64 n)
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

u64 zero_fill_scattered(u64 n) { return zero_fill(n, SCATTERED); }
u64 zero_fill_ascending(u64 n) { return zero_fill(n, 1); }

// zero_fill_populate is mmap that makes all pages at once: the program must know that it will need them.
u64 zero_fill_populate(u64 n)
{
	u64 start = ticks();
	u8 *at = map(n * PAGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);
	u64 sum = ticks() - start + touch(at, n, 1);
	drop(at, n * PAGE, -1);
	return sum;
}

// zero_fill_thp touches memory that lies so that transparent huge pages fit, for which Debian's default is always.
u64 zero_fill_thp(u64 n)
{
	const u64 huge = 2 << 20;
	u8 *all = map(n * PAGE + huge, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	u64 sum = touch((u8 *)(((u64)all + huge - 1) & -huge), n, 1);
	drop(all, n * PAGE + huge, -1);
	return sum;
}

u64 unmap_destroy(u64 n)
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

u64 second_mapping(u64 n) { return again(n, MAP_SHARED); }
u64 second_mapping_populate(u64 n) { return again(n, MAP_SHARED | MAP_POPULATE); }
u64 copy_private(u64 n) { return again(n, MAP_PRIVATE); }

// remap maps an object again whose last mapping went, and finds its pages.
u64 remap(u64 n)
{
	int fd = object(n * PAGE, 0);
	u8 *at = map(n * PAGE, MAP_SHARED, fd);
	touch(at, n, 1);
	drop(at, n * PAGE, -1);
	u64 start = ticks();
	at = map(n * PAGE, MAP_SHARED, fd);
	u64 sum = ticks() - start + touch(at, n, SCATTERED);
	drop(at, n * PAGE, fd);
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
