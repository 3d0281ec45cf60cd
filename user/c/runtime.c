/*
 * What a C program needs in ring 3 to run without a C library: its start, the traps, and what mig's stubs call.
 */
#include <mach/mach.h>
#include <mach/mig.h>

#include "mach_port.h"
#include "mach.h"
#include "runtime.h"

/*
 * The kernel enters at _start with argc, the arguments' addresses and 0 on the stack, as it does for all programs. A trap has its number in
 * rax and its arguments as SYSCALL wants them: the fourth in r10; the seventh lies above the return address, where the caller put it.
 */
__asm__(".globl _start\n"
	"_start:\n\txor %ebp, %ebp\n\tmov (%rsp), %rdi\n\tlea 8(%rsp), %rsi\n\tand $-16, %rsp\n\tcall begin\n\tud2\n"
	".globl mach_msg_trap\nmach_msg_trap:\n\tmov $-25, %rax\n\tmov %rcx, %r10\n\tsyscall\n\tret\n"
	".globl mach_reply_port\nmach_reply_port:\n\tmov $-26, %rax\n\tsyscall\n\tret\n"
	".globl mach_thread_self\nmach_thread_self:\n\tmov $-27, %rax\n\tsyscall\n\tret\n"
	".globl mach_task_self\nmach_task_self:\n\tmov $-28, %rax\n\tsyscall\n\tret\n"
	".globl mach_host_self\nmach_host_self:\n\tmov $-29, %rax\n\tsyscall\n\tret\n"
	".globl mach_print\nmach_print:\n\tmov $-30, %rax\n\tsyscall\n\tret\n"
	".globl swtch_pri\nswtch_pri:\n\tmov $-59, %rax\n\tsyscall\n\tret\n");

mach_msg_return_t mach_msg_trap(mach_msg_header_t *, mach_msg_option_t, mach_msg_size_t, mach_msg_size_t, mach_port_t, mach_msg_timeout_t, mach_port_t);

/* An interrupted call begins again, unless its caller wants to know. */
mach_msg_return_t mach_msg(mach_msg_header_t *msg, mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t rcv_size,
	mach_port_t rcv_name, mach_msg_timeout_t timeout, mach_port_t notify)
{
	for (;;) {
		mach_msg_return_t result = mach_msg_trap(msg, option, send_size, rcv_size, rcv_name, timeout, notify);
		if (result == MACH_RCV_INTERRUPTED && !(option & MACH_RCV_INTERRUPT))
			option &= ~(MACH_SEND_MSG | MACH_SEND_INTERRUPT); /* it was sent */
		else if (result != MACH_SEND_INTERRUPTED || (option & MACH_SEND_INTERRUPT))
			return result;
	}
}

static mach_port_t self, reply;

mach_port_t task_self(void) { return self; }

/* A call has its reply port for itself: another thread's reply would come to it. One that is put back is kept for the next call. */
mach_port_t mig_get_reply_port(void)
{
	mach_port_t port = __atomic_exchange_n(&reply, MACH_PORT_NULL, __ATOMIC_SEQ_CST);
	return port != MACH_PORT_NULL ? port : mach_reply_port();
}

void mig_put_reply_port(mach_port_t port)
{
	mach_port_t none = MACH_PORT_NULL;
	if (!__atomic_compare_exchange_n(&reply, &none, port, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		mig_dealloc_reply_port(port);
}

/* The call that gives the port up needs one itself, and comes here if it fails, as where the task has lost the right to itself: not once more then. */
void mig_dealloc_reply_port(mach_port_t port)
{
	static int again;

	if (again)
		return;
	again = 1;
	mach_port_mod_refs(self, port, MACH_PORT_RIGHT_RECEIVE, -1);
	again = 0;
}

/* give_up gives up a right of some type that came with a message. */
static void give_up(unsigned type, mach_port_t name)
{
	if (name == MACH_PORT_NULL || name == MACH_PORT_DEAD)
		return;
	if (type == MACH_MSG_TYPE_PORT_RECEIVE)
		mach_port_mod_refs(self, name, MACH_PORT_RIGHT_RECEIVE, -1);
	else
		mach_port_deallocate(self, name);
}

void mach_msg_destroy(mach_msg_header_t *msg)
{
	const char *at = (const char *) (msg + 1), *end = (const char *) msg + msg->msgh_size;

	/* What is in another message is nothing but numbers. */
	while ((msg->msgh_bits & MACH_MSGH_BITS_COMPLEX) && end - at >= 8) {
		uint64_t type = mig_load(at), count = type >> 32, size = ((type >> 8 & 0xffff) * count + 7) / 8;
		int port = MACH_MSG_TYPE_PORT_ANY(type & 0xff);

		at += 8;
		if (type & MIG_INLINE) {
			if (mig_round(size) > (size_t) (end - at))
				break;
			for (uint64_t i = 0; port && i < count; i++)
				give_up(type & 0xff, mig_load(at + 8 * i));
			at += mig_round(size);
			continue;
		}
		if (end - at < 8)
			break;
		for (uint64_t i = 0; port && i < size / 4; i++)
			give_up(type & 0xff, ((const mach_port_t *) mig_load(at))[i]);
		if (size != 0)
			vm_deallocate(self, mig_load(at), size);
		at += 8;
	}
	give_up(MACH_MSGH_BITS_REMOTE(msg->msgh_bits), msg->msgh_remote_port);
	msg->msgh_bits = 0;
	msg->msgh_remote_port = MACH_PORT_NULL;
}

void mig_allocate(vm_address_t *address, vm_size_t size) { vm_allocate(self, address, size, TRUE); }

/* Calls that gcc makes by itself. */
void *memset(void *to, int c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((char *) to)[i] = c;
	return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((char *) to)[i] = ((const char *) from)[i];
	return to;
}

int compare(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char) *a - (unsigned char) *b;
}

/* A line is put together and printed as a whole, as other programs print too. */
void print(const char *format, ...)
{
	char line[256], digits[24];
	size_t n = 0;
	__builtin_va_list args;
	__builtin_va_start(args, format);
	for (const char *f = format; *f && n < sizeof line - 1; f++) {
		if (*f != '%') {
			line[n++] = *f;
			continue;
		}
		switch (*++f) {
		case 's':
			for (const char *s = __builtin_va_arg(args, const char *); *s && n < sizeof line - 1; s++)
				line[n++] = *s;
			break;
		case 'd':
		case 'x': {
			long v = __builtin_va_arg(args, long);
			unsigned long u = v, base = *f == 'x' ? 16 : 10;
			int k = 0;
			if (base == 10 && v < 0) {
				u = -u;
				line[n++] = '-';
			}
			do
				digits[k++] = "0123456789abcdef"[u % base];
			while ((u /= base) != 0);
			while (k > 0 && n < sizeof line - 1)
				line[n++] = digits[--k];
		}
		}
	}
	__builtin_va_end(args);
	line[n] = 0;
	mach_print(line);
}

static const char *name = "program";

void leave(int status)
{
	if (status != 0)
		print("%s: exit status %d\n", name, (long) status);
	task_terminate(self);
	for (;;)
		swtch_pri(0);
}

void __attribute__((used)) begin(int argc, char **argv)
{
	self = mach_task_self();
	if (argc > 0)
		name = argv[0];
	leave(main(argc, argv));
}
