// Page-in from compressed memory: swapping to zram, which is in modules of the kernel's package.
#include "peer.h"

enum { TIMES = 3, TOUCHES = 4096 };

static void load(const char *module)
{
	int fd = must(module, call3(SYS_OPEN, (u64)module, O_RDONLY, 0));
	must(module, call3(SYS_FINIT_MODULE, fd, (u64)"", 0));
	call1(SYS_CLOSE, fd);
}

// swap_to makes a device one to swap to. Its first page says so: include/linux/swap.h, union swap_header.
static void swap_to(const char *device, u64 size)
{
	static u8 page[PAGE];
	u32 *info = (u32 *)(page + 1024);
	info[0] = 1;
	info[1] = size / PAGE - 1;
	const char *magic = "SWAPSPACE2";
	for (int i = 0; i < 10; i++)
		page[PAGE - 10 + i] = magic[i];
	int fd = must(device, call3(SYS_OPEN, (u64)device, O_WRONLY, 0));
	must(device, call3(SYS_WRITE, fd, (u64)page, PAGE));
	call1(SYS_CLOSE, fd);
	must("swapon", call3(SYS_SWAPON, (u64)device, 0, 0));
}

// swapped_in is how many pages came back from the device, which /proc/vmstat tells.
static u64 swapped_in(void)
{
	static char text[16384];
	int fd = must("vmstat", call3(SYS_OPEN, (u64)"/proc/vmstat", O_RDONLY, 0));
	s64 n = 0, got;
	while ((got = call3(SYS_READ, fd, (u64)text + n, sizeof text - 1 - n)) > 0)
		n += got;
	text[n] = 0;
	call1(SYS_CLOSE, fd);
	const char *name = "\npswpin ";
	for (char *at = text; *at; at++) {
		int i = 0;
		while (name[i] && at[i] == name[i])
			i++;
		if (name[i])
			continue;
		u64 pages = 0;
		for (at += i; *at >= '0' && *at <= '9'; at++)
			pages = pages * 10 + *at - '0';
		return pages;
	}
	must("pswpin", -ENOMEM);
	return 0;
}

// look reads n pages at random, and checks them.
static u64 look(u8 *memory, u64 pages, u64 n)
{
	static u64 random = 1;
	u64 start = ticks();
	for (u64 i = 0; i < n; i++) {
		random = random * 6364136223846793005 + 1442695040888963407; // Knuth, MMIX
		u64 page = (random >> 33) % pages;
		if (*(volatile u64 *)(memory + page * PAGE) != page)
			must("contents of a page", -ENOMEM);
	}
	return ticks() - start;
}

// fill writes lines of text that tell the page's number, which compress to less than half.
static void fill(u8 *p, u64 number)
{
	const char *line = "........ is the number of this page, one of too many pages. ";
	for (int i = 0, l = 0; i < PAGE; i++, l = line[l + 1] ? l + 1 : 0)
		p[i] = l < 8 ? (u8)(number >> 8 * l) : (u8)line[l];
}

// pressure swaps without reading ahead, as what is wanted next is random, and device and memory are the same.
void pressure(void)
{
	load("/zsmalloc.ko");
	load("/zram.ko");
	set("/proc/sys/vm/page-cluster", "0");
	set("/sys/kernel/mm/transparent_hugepage/enabled", "never");
	u64 pages = free_memory() / PAGE * TIMES, size = pages * PAGE;
	set("/sys/block/zram0/disksize", "4G");
	swap_to("/dev/zram0", 4UL << 30);
	u8 *memory = map(size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	for (u64 i = 0; i < pages; i++)
		fill(memory + i * PAGE, i);
	look(memory, pages, TOUCHES);
	u64 before = swapped_in(), count = look(memory, pages, TOUCHES), pages_in = swapped_in() - before;
	if (pages_in < TOUCHES / TIMES)
		must("nothing was paged out", -ENOMEM);
	print_count("page-in-compressed", "", -1, count / pages_in);
}
