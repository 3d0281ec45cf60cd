// Calls between two processes: by pipes, by futexes, and by page faults.
#include "peer.h"

static void transfer(s64 nr, int fd, u8 *buf, u64 size)
{
	for (u64 done = 0; done < size;)
		done += must("pipe", call3(nr, fd, (u64)buf + done, size - done));
}

// pipes is a round trip of size bytes through two pipes: a process that sends back what it gets.
static u64 pipes(u64 n, u64 size)
{
	static u8 buf[PAGE];
	int there[2], back[2];
	must("pipe", call1(SYS_PIPE, (u64)there));
	must("pipe", call1(SYS_PIPE, (u64)back));
	int child = fork();
	if (child == 0) {
		for (u64 i = 0; i < n + 1; i++) {
			transfer(SYS_READ, there[0], buf, size);
			transfer(SYS_WRITE, back[1], buf, size);
		}
		call1(SYS_EXIT, 0);
	}
	u64 start = 0;
	for (u64 i = 0; i < n + 1; i++) {
		if (i == 1)
			start = ticks(); // the first one waits for the child to begin
		transfer(SYS_WRITE, there[1], buf, size);
		transfer(SYS_READ, back[0], buf, size);
	}
	u64 sum = ticks() - start;
	wait(child);
	for (int i = 0; i < 2; i++) {
		call1(SYS_CLOSE, there[i]);
		call1(SYS_CLOSE, back[i]);
	}
	return sum;
}

u64 pipe_empty(u64 n) { return pipes(n, 1); }
u64 pipe_4k(u64 n) { return pipes(n, PAGE); }

// box is memory of two processes: whose turn it is, and a page of data that goes with it.
struct box {
	volatile u32 turn;
	u8 data[PAGE];
};

static void turn_wait(struct box *b, u32 mine)
{
	while (b->turn != mine)
		call4(SYS_FUTEX, (u64)&b->turn, FUTEX_WAIT, 1 - mine, 0);
}

static void turn_pass(struct box *b, u32 mine)
{
	b->turn = 1 - mine;
	must("futex", call4(SYS_FUTEX, (u64)&b->turn, FUTEX_WAKE, 1, 0));
}

// futexes is a round trip through shared memory. Data is copied into it and out of it, for neither may trust the other to leave it alone.
static u64 futexes(u64 n, u64 size)
{
	static u8 buf[PAGE];
	struct box *b = (struct box *)map(2 * PAGE, MAP_SHARED | MAP_ANONYMOUS, -1);
	b->turn = 0;
	int child = fork();
	if (child == 0) {
		for (u64 i = 0; i < n + 1; i++) {
			turn_wait(b, 1);
			copy(buf, b->data, size);
			copy(b->data, buf, size);
			turn_pass(b, 1);
		}
		call1(SYS_EXIT, 0);
	}
	u64 start = 0;
	for (u64 i = 0; i < n + 1; i++) {
		if (i == 1)
			start = ticks();
		copy(b->data, buf, size);
		turn_pass(b, 0);
		turn_wait(b, 0);
		copy(buf, b->data, size);
	}
	u64 sum = ticks() - start;
	wait(child);
	drop((u8 *)b, 2 * PAGE, -1);
	return sum;
}

u64 futex_empty(u64 n) { return futexes(n, 0); }
u64 futex_4k(u64 n) { return futexes(n, PAGE); }

// userfaultfd's requests: include/uapi/linux/userfaultfd.h.
enum { UFFD_API = 0xaa, UFFDIO_API = 0xc018aa3f, UFFDIO_REGISTER = 0xc020aa00, UFFDIO_COPY = 0xc028aa03, MODE_MISSING = 1 };

// page_in reads n pages that another process supplies, always the same page as supplier does.
u64 page_in(u64 n)
{
	static u8 page[PAGE] = {1};
	int fd = must("userfaultfd", call1(SYS_USERFAULTFD, 0));
	u64 api[3] = {UFFD_API};
	must("UFFDIO_API", call3(SYS_IOCTL, fd, UFFDIO_API, (u64)api));
	u8 *at = map(n * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	u64 range[4] = {(u64)at, n * PAGE, MODE_MISSING};
	must("UFFDIO_REGISTER", call3(SYS_IOCTL, fd, UFFDIO_REGISTER, (u64)range));
	int child = fork();
	if (child == 0) {
		for (u64 i = 0; i < n; i++) {
			u64 message[4]; // the event, flags, the address, the thread
			must("read", call3(SYS_READ, fd, (u64)message, sizeof message));
			u64 supply[5] = {message[2] & -(u64)PAGE, (u64)page, PAGE};
			must("UFFDIO_COPY", call3(SYS_IOCTL, fd, UFFDIO_COPY, (u64)supply));
		}
		call1(SYS_EXIT, 0);
	}
	volatile u8 *memory = at;
	u64 pages = 0, start = ticks();
	for (u64 i = 0; i < n; i++)
		pages += memory[i * PAGE];
	u64 sum = ticks() - start;
	if (pages != n)
		must("pages supplied", -1);
	wait(child);
	call1(SYS_CLOSE, fd);
	drop(at, n * PAGE, -1);
	return sum;
}
