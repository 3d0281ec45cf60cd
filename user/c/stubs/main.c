/*
 * cstubs does what programs with stubs of a real MIG do, with stubs written by hand in their manner: structures for each message, descriptors compared
 * as words, a reply port for each thread, traps before messages. It is linked as a static program that runs wherever it lies (static PIE).
 *
 *	cstubs
 */
#include <mach/mach.h>

#include "check.h"
#include "mach.h"
#include "mach_port.h"

const char program[] = "cstubs";

/* Types as mig's stubs have them: name, size, unused, inline, longform, deallocate, number. */
static const mach_msg_type_t word = {MACH_MSG_TYPE_INTEGER_32, 32, 0, 1, 0, 0, 1}, quad = {MACH_MSG_TYPE_INTEGER_64, 64, 0, 1, 0, 0, 1},
	name_type = {MACH_MSG_TYPE_PORT_NAME, 32, 0, 1, 0, 0, 1}, send_type = {MACH_MSG_TYPE_PORT_SEND, 64, 0, 1, 0, 0, 1};

static int bad_typecheck(const mach_msg_type_t *a, const mach_msg_type_t *b) { return *(const uint64_t *) a != *(const uint64_t *) b; }

/* Each thread has its reply port in the word at FS: 0. The first thread gets its block in main. */
struct local {
	mach_port_t reply;
	int calls;
};
static struct local *local(void)
{
	struct local *l;
	__asm__ volatile("mov %%fs:0, %0" : "=r"(l));
	return l;
}
struct block {
	struct local *self; /* what FS: 0 holds */
	struct local local;
};

static mach_port_t get_reply_port(void)
{
	if (local()->reply == MACH_PORT_NULL)
		local()->reply = mach_reply_port();
	local()->calls++;
	return local()->reply;
}

#define ALIGNED __attribute__((aligned(8)))

/* The stub of mach_port_allocate. */
static kern_return_t port_allocate(mach_port_t task, mach_port_right_t right, mach_port_name_t *name)
{
	typedef struct {
		mach_msg_header_t Head;
		mach_msg_type_t rightType;
		mach_port_right_t right ALIGNED;
	} Request;
	typedef struct {
		mach_msg_header_t Head;
		mach_msg_type_t RetCodeType;
		kern_return_t RetCode ALIGNED;
		mach_msg_type_t nameType;
		mach_port_name_t name ALIGNED;
	} Reply;
	union {
		Request In;
		Reply Out;
	} Mess = {0};
	_Static_assert(sizeof(Request) == 48 && sizeof(Reply) == 64, "sizes");
	mach_msg_return_t result;
	int simple;

	Mess.In.rightType = word;
	Mess.In.right = right;
	Mess.In.Head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	Mess.In.Head.msgh_size = 48;
	Mess.In.Head.msgh_remote_port = task;
	Mess.In.Head.msgh_local_port = get_reply_port();
	Mess.In.Head.msgh_id = 3204;
	result = mach_msg(&Mess.In.Head, MACH_SEND_MSG | MACH_RCV_MSG, 48, sizeof(Reply), Mess.In.Head.msgh_local_port, 0, MACH_PORT_NULL);
	if (result != MACH_MSG_SUCCESS)
		return result;
	if (Mess.Out.Head.msgh_id != 3304)
		return Mess.Out.Head.msgh_id == MACH_NOTIFY_SEND_ONCE ? MIG_SERVER_DIED : MIG_REPLY_MISMATCH;
	simple = !(Mess.Out.Head.msgh_bits & MACH_MSGH_BITS_COMPLEX);
	if (!simple || (Mess.Out.Head.msgh_size != 64 && (Mess.Out.Head.msgh_size != sizeof(mig_reply_header_t) || Mess.Out.RetCode == KERN_SUCCESS)))
		return MIG_TYPE_ERROR;
	if (bad_typecheck(&Mess.Out.RetCodeType, &word))
		return MIG_TYPE_ERROR;
	if (Mess.Out.RetCode != KERN_SUCCESS)
		return Mess.Out.RetCode;
	if (bad_typecheck(&Mess.Out.nameType, &name_type))
		return MIG_TYPE_ERROR;
	*name = Mess.Out.name;
	return KERN_SUCCESS;
}

/* Stubs of routines with one number or none, and no results. */
static kern_return_t simple_call(mach_port_t to, int id, const mach_msg_type_t *type, uint64_t v)
{
	struct {
		mach_msg_header_t Head;
		mach_msg_type_t RetCodeType;
		kern_return_t RetCode ALIGNED;
	} m = {0};
	unsigned size = type ? 48 : 32;

	if (type) {
		m.RetCodeType = *type;
		*(uint64_t *) &m.RetCode = v;
	}
	m.Head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	m.Head.msgh_size = size;
	m.Head.msgh_remote_port = to;
	m.Head.msgh_local_port = get_reply_port();
	m.Head.msgh_id = id;
	mach_msg_return_t result = mach_msg(&m.Head, MACH_SEND_MSG | MACH_RCV_MSG, size, sizeof m, m.Head.msgh_local_port, 0, MACH_PORT_NULL);
	if (result != MACH_MSG_SUCCESS)
		return result;
	if (m.Head.msgh_id != id + 100)
		return MIG_REPLY_MISMATCH;
	if (m.Head.msgh_size != 48 || (m.Head.msgh_bits & MACH_MSGH_BITS_COMPLEX) || bad_typecheck(&m.RetCodeType, &word))
		return MIG_TYPE_ERROR;
	return m.RetCode;
}

static kern_return_t port_destroy(mach_port_name_t name) { return simple_call(task_self(), 3205, &name_type, name); }

/* gsync_wait and gsync_wake. */
static kern_return_t wait_while(volatile unsigned *at, unsigned value)
{
	struct {
		mach_msg_header_t Head;
		struct {
			mach_msg_type_t type;
			uint64_t v;
		} item[5];
	} m = {0};
	const uint64_t args[5] = {(uintptr_t) at, value, 0, 0, 0};

	for (int i = 0; i < 5; i++) {
		m.item[i].type = i == 0 ? quad : word;
		m.item[i].v = args[i];
	}
	m.Head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	m.Head.msgh_remote_port = task_self();
	m.Head.msgh_local_port = get_reply_port();
	m.Head.msgh_id = 4204;
	mach_msg_return_t result = mach_msg(&m.Head, MACH_SEND_MSG | MACH_RCV_MSG, sizeof m, sizeof m, m.Head.msgh_local_port, 0, MACH_PORT_NULL);
	return result != MACH_MSG_SUCCESS ? result : (kern_return_t) m.item[0].v;
}

static void wake_one(volatile unsigned *at)
{
	struct {
		mach_msg_header_t Head;
		struct {
			mach_msg_type_t type;
			uint64_t v;
		} item[3];
	} m = {.item = {{quad, (uintptr_t) at}, {word, 0}, {word, 0}}};

	m.Head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
	m.Head.msgh_remote_port = task_self();
	m.Head.msgh_id = 4205;
	mach_msg(&m.Head, MACH_SEND_MSG, sizeof m, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

/* A mutex of three states, as in a C library: free, taken, taken and somebody waits. */
static volatile unsigned mutex;
static void lock(void)
{
	unsigned c = __sync_val_compare_and_swap(&mutex, 0, 1);
	while (c != 0) {
		if (c == 2 || __sync_val_compare_and_swap(&mutex, 1, 2) != 0)
			wait_while(&mutex, 2);
		c = __sync_val_compare_and_swap(&mutex, 0, 2);
	}
}
static void unlock(void)
{
	if (__sync_fetch_and_sub(&mutex, 1) != 1) {
		mutex = 0;
		wake_one(&mutex);
	}
}

/* Threads: a stack and a block for FS each. */
enum { threads = 8, rounds = 100 };
static char stacks[threads][16384] ALIGNED;
static struct block blocks[threads + 1];

/* A state of flavor 1: registers in 64 bits. */
struct state {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rsp, rbx, rdx, rcx, rax, rip, cs, rfl, ursp, ss;
};

static mach_port_t start(int slot, void (*f)(long), long arg)
{
	mach_port_t thread = 0;
	struct state s = {0};
	uint64_t bases[2] = {(uintptr_t) &blocks[slot], 0};

	blocks[slot] = (struct block){&blocks[slot].local, {0, 0}};
	is("thread_create", thread_create(task_self(), &thread), KERN_SUCCESS);
	s.rip = (uintptr_t) f;
	s.ursp = (uintptr_t) (stacks[slot] + sizeof stacks[slot] - 8);
	s.rdi = arg;
	is("the registers", thread_set_state(thread, 1, (thread_state_t) &s, sizeof s / 4), KERN_SUCCESS);
	is("the base of FS", thread_set_state(thread, 7, (thread_state_t) bases, 4), KERN_SUCCESS);
	is("thread_resume", thread_resume(thread), KERN_SUCCESS);
	return thread;
}

static volatile int finished, wrong;
static int counter;

static void work(long slot)
{
	for (int i = 0; i < rounds; i++) {
		mach_port_name_t name = 0;
		if (port_allocate(task_self(), MACH_PORT_RIGHT_RECEIVE, &name) != KERN_SUCCESS || port_destroy(name) != KERN_SUCCESS)
			wrong = 1;
		lock();
		int seen = counter;
		if (i % 8 == slot)
			swtch_pri(0);
		counter = seen + 1;
		unlock();
	}
	if (local() != &blocks[slot].local || local()->calls < 2 * rounds)
		wrong = 2;
	__sync_fetch_and_add(&finished, 1);
	for (;;)
		swtch_pri(0);
}

static void many_threads(void)
{
	mach_port_t thread[threads];

	for (int i = 0; i < threads; i++)
		thread[i] = start(i, work, i);
	for (int i = 0; i < 1000000 && finished < threads; i++)
		swtch_pri(0);
	is("threads that came to their end", finished, threads);
	is("what went wrong in them", wrong, 0);
	is("the count that the mutex guards", counter, threads * rounds);
	for (int i = 0; i < threads; i++) {
		is("thread_terminate", thread_terminate(thread[i]), KERN_SUCCESS);
		for (int k = 0; k < threads; k++)
			is("no reply port is another's", k < i && blocks[k].local.reply == blocks[i].local.reply, 0);
		is("give up its reply port", mach_port_mod_refs(task_self(), blocks[i].local.reply, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	}
	done("threads");
}

/* A thread that waits for a message which does not come is aborted, and then put elsewhere. */
static mach_port_t silent;
static volatile long aborted, told, elsewhere;

static void listen(long unused)
{
	mach_msg_header_t m;

	aborted = mach_msg(&m, MACH_RCV_MSG | MACH_RCV_INTERRUPT, 0, sizeof m, silent, 0, MACH_PORT_NULL);
	told = mach_msg(&m, MACH_RCV_MSG | MACH_RCV_INTERRUPT, 0, sizeof m, silent, 0, MACH_PORT_NULL);
	mach_msg(&m, MACH_RCV_MSG | MACH_RCV_INTERRUPT, 0, sizeof m, silent, 0, MACH_PORT_NULL);
	elsewhere = -1;
	for (;;)
		swtch_pri(0);
}
static void landed(long v)
{
	elsewhere = v;
	for (;;)
		swtch_pri(0);
}
static void rest(volatile long *what)
{
	for (int i = 0; i < 10000 && *what == 0; i++)
		swtch_pri(0);
}

static void abort_receive(void)
{
	struct state s;
	mach_msg_type_number_t n = sizeof s / 4;
	mach_port_t thread;

	is("a port", port_allocate(task_self(), MACH_PORT_RIGHT_RECEIVE, &silent), KERN_SUCCESS);
	thread = start(0, listen, 0);
	for (int i = 0; i < 100; i++)
		swtch_pri(0);
	is("thread_abort", thread_abort(thread), KERN_SUCCESS);
	rest(&aborted);
	is("interrupted", aborted, 0x10004005);
	for (int i = 0; i < 100; i++)
		swtch_pri(0);
	is("thread_suspend", thread_suspend(thread), KERN_SUCCESS);
	is("thread_abort", thread_abort(thread), KERN_SUCCESS);
	is("thread_get_state", thread_get_state(thread, 1, (thread_state_t) &s, &n), KERN_SUCCESS);
	is("the trap's result", (uint32_t) s.rax, 0x10004005);
	s.rax = 1234;
	is("thread_set_state", thread_set_state(thread, 1, (thread_state_t) &s, n), KERN_SUCCESS);
	is("thread_resume", thread_resume(thread), KERN_SUCCESS);
	rest(&told);
	is("the result that it was given", told, 1234);
	for (int i = 0; i < 100; i++)
		swtch_pri(0);
	is("thread_suspend", thread_suspend(thread), KERN_SUCCESS);
	is("thread_abort", thread_abort(thread), KERN_SUCCESS);
	is("thread_get_state", thread_get_state(thread, 1, (thread_state_t) &s, &n), KERN_SUCCESS);
	s.rip = (uintptr_t) landed;
	s.rdi = 77;
	is("thread_set_state", thread_set_state(thread, 1, (thread_state_t) &s, n), KERN_SUCCESS);
	is("thread_resume", thread_resume(thread), KERN_SUCCESS);
	rest(&elsewhere);
	is("it went on elsewhere", elsewhere, 77);
	is("thread_terminate", thread_terminate(thread), KERN_SUCCESS);
	is("destroy the port", port_destroy(silent), KERN_SUCCESS);
	done("aborted");
}

/* An exception's request, and a server's loop that sends each reply with the trap that waits for the next request. */
struct exception {
	mach_msg_header_t Head;
	mach_msg_type_t threadType;
	mach_port_name_inlined_t thread;
	mach_msg_type_t taskType;
	mach_port_name_inlined_t task;
	mach_msg_type_t exceptionType;
	integer_t exception ALIGNED;
	mach_msg_type_t codeType;
	integer_t code ALIGNED;
	mach_msg_type_t subcodeType;
	rpc_long_integer_t subcode;
};
static volatile long served, misread;

static void serve(mach_port_t port, kern_return_t (*handle)(const struct exception *))
{
	union {
		struct exception In;
		mig_reply_header_t Out;
	} m;
	mach_msg_option_t option = MACH_RCV_MSG;

	for (;;) {
		if (mach_msg(&m.In.Head, option, sizeof m.Out, sizeof m.In, port, 0, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
			return;
		if (m.In.Head.msgh_id != 2400 || m.In.Head.msgh_size != 112 || !(m.In.Head.msgh_bits & MACH_MSGH_BITS_COMPLEX) ||
			bad_typecheck(&m.In.threadType, &send_type) || bad_typecheck(&m.In.taskType, &send_type) || bad_typecheck(&m.In.exceptionType, &word) ||
			bad_typecheck(&m.In.codeType, &word) || bad_typecheck(&m.In.subcodeType, &quad))
			misread = 1;
		kern_return_t code = handle(&m.In);
		mach_msg_header_t in = m.In.Head;
		m.Out = (mig_reply_header_t){.RetCodeType = word, .RetCode = code};
		m.Out.Head.msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(in.msgh_bits), 0);
		m.Out.Head.msgh_size = sizeof m.Out;
		m.Out.Head.msgh_remote_port = in.msgh_remote_port;
		m.Out.Head.msgh_id = in.msgh_id + 100;
		served++;
		option = MACH_SEND_MSG | MACH_RCV_MSG;
	}
}

/* A thread that handles its own faults: the server sends it to fault_handler, which makes the memory and goes back with all registers. */
static vm_address_t hole;

static void __attribute__((noreturn)) fault_handler(vm_address_t at, struct state *s)
{
	vm_address_t page = at & ~4095ul;

	if (vm_allocate(task_self(), &page, 4096, FALSE) == KERN_SUCCESS)
		for (int i = 0; i < 1024; i++)
			((int *) page)[i] = i;
	register long rax __asm__("rax") = -77, rdi __asm__("rdi") = 1, rsi __asm__("rsi") = (long) s, rdx __asm__("rdx") = sizeof *s / 4;
	__asm__ volatile("syscall" : "+r"(rax) : "r"(rdi), "r"(rsi), "r"(rdx) : "rcx", "r11", "memory");
	wrong = 3; /* it returned */
	for (;;)
		swtch_pri(0);
}

static kern_return_t send_to_handler(const struct exception *e)
{
	struct state s;
	mach_msg_type_number_t n = sizeof s / 4;

	if (e->exception != 1 || e->code != KERN_INVALID_ADDRESS || thread_get_state(e->thread.name, 1, (thread_state_t) &s, &n) != KERN_SUCCESS)
		return KERN_FAILURE;
	uintptr_t off = ((s.ursp - 128 - sizeof s) & ~15ul) - 8;
	*(struct state *) off = s;
	s.ursp = off;
	s.rip = (uintptr_t) fault_handler;
	s.rdi = e->subcode;
	s.rsi = off;
	if (thread_set_state(e->thread.name, 1, (thread_state_t) &s, n) != KERN_SUCCESS)
		return KERN_FAILURE;
	mach_port_deallocate(task_self(), e->thread.name);
	mach_port_deallocate(task_self(), e->task.name);
	return KERN_SUCCESS;
}

static mach_port_t faults;
static volatile long sum;

static void count(long unused)
{
	long n = 0;
	for (int i = 0; i < 3 * 1024; i++)
		n += ((volatile int *) hole)[i];
	sum = n;
	for (;;)
		swtch_pri(0);
}

static void serve_faults(long unused) { serve(faults, send_to_handler); for (;;) swtch_pri(0); }

static void own_faults(void)
{
	is("a hole", vm_allocate(task_self(), &hole, 3 * 4096, TRUE), KERN_SUCCESS);
	is("is made", vm_deallocate(task_self(), hole, 3 * 4096), KERN_SUCCESS);
	is("a port", port_allocate(task_self(), MACH_PORT_RIGHT_RECEIVE, &faults), KERN_SUCCESS);
	is("a right", mach_port_insert_right(task_self(), faults, faults, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	is("the task's exception port", task_set_special_port(task_self(), 3, faults), KERN_SUCCESS);
	mach_port_t server = start(0, serve_faults, 0), faulty = start(1, count, 0);
	rest(&sum);
	is("the sum of what the handler wrote", sum, 0x17fa00);
	is("faults served", served, 3);
	is("requests that are not as they must be", misread, 0);
	is("no handler again", task_set_special_port(task_self(), 3, MACH_PORT_NULL), KERN_SUCCESS);
	is("thread_terminate", thread_terminate(server), KERN_SUCCESS);
	is("thread_terminate", thread_terminate(faulty), KERN_SUCCESS);
	is("destroy the port", port_destroy(faults), KERN_SUCCESS);
	is("nothing went wrong", wrong, 0);
	done("own faults");
}

/* A child with a copy of this task's memory, whose exceptions come here. */
static volatile long child_value = 1;

static void child_main(long v)
{
	child_value = v;
	__asm__ volatile("ud2");
	child_value++; /* the parent let it go on */
	__asm__ volatile("mov $-28, %%rax\n\tsyscall\n\tmov %%rax, %%rdi\n\tmov $-69, %%rax\n\tsyscall" ::: "rax", "rdi", "rcx", "r11");
}

static void child(void)
{
	mach_port_t task = 0, thread = 0, port = 0;
	struct state s = {0};
	struct exception e;
	mach_msg_type_number_t n = sizeof s / 4;
	vm_offset_t data = 0;
	mach_msg_type_number_t size = 0;

	is("task_create", task_create(task_self(), TRUE, &task), KERN_SUCCESS);
	is("thread_create", thread_create(task, &thread), KERN_SUCCESS);
	is("a port", port_allocate(task_self(), MACH_PORT_RIGHT_RECEIVE, &port), KERN_SUCCESS);
	is("a right", mach_port_insert_right(task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	is("the thread's exception port", thread_set_special_port(thread, 3, port), KERN_SUCCESS);
	s.rip = (uintptr_t) child_main;
	s.ursp = (uintptr_t) (stacks[2] + sizeof stacks[2] - 8);
	s.rdi = 41;
	is("thread_set_state", thread_set_state(thread, 1, (thread_state_t) &s, n), KERN_SUCCESS);
	is("thread_resume", thread_resume(thread), KERN_SUCCESS);
	is("its exception", mach_msg(&e.Head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof e, port, 3000, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	is("is of its thread", e.thread.name, thread);
	is("is of its task", e.task.name, task);
	is("is a bad instruction", e.exception, 2);
	is("its memory", vm_read(task, (vm_address_t) &child_value, 8, &data, &size), KERN_SUCCESS);
	is("what it wrote", *(long *) data, 41);
	is("this task's is as it was", child_value, 1);
	is("vm_deallocate", vm_deallocate(task_self(), data, size), KERN_SUCCESS);
	is("its registers", thread_get_state(thread, 1, (thread_state_t) &s, &n), KERN_SUCCESS);
	s.rip += 2;
	is("are put right", thread_set_state(thread, 1, (thread_state_t) &s, n), KERN_SUCCESS);
	mig_reply_header_t out = {.RetCodeType = word, .RetCode = KERN_SUCCESS};
	out.Head.msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(e.Head.msgh_bits), 0);
	out.Head.msgh_remote_port = e.Head.msgh_remote_port;
	out.Head.msgh_id = 2500;
	mach_port_t previous = 0;
	is("ask for its end", mach_port_request_notification(task_self(), task, MACH_NOTIFY_DEAD_NAME, 0, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous), KERN_SUCCESS);
	is("the reply", mach_msg(&out.Head, MACH_SEND_MSG, sizeof out, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	is("its end", mach_msg(&e.Head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof e, port, 3000, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	is("is told", e.Head.msgh_id, MACH_NOTIFY_DEAD_NAME);
	is("a call to it", simple_call(task, 2057, 0, 0), MACH_SEND_INVALID_DEST);
	is("destroy the port", port_destroy(port), KERN_SUCCESS);
	done("child");
}

/* Traps first: one that cannot do it says that the message is to be tried. */
static kern_return_t trap_allocate(mach_port_t task, mach_port_right_t right, mach_port_name_t *name)
{
	register long rax __asm__("rax") = -72, rdi __asm__("rdi") = task, rsi __asm__("rsi") = right, rdx __asm__("rdx") = (long) name;
	__asm__ volatile("syscall" : "+r"(rax) : "r"(rdi), "r"(rsi), "r"(rdx) : "rcx", "r11", "memory");
	return (kern_return_t) rax;
}

static kern_return_t allocate(mach_port_t task, mach_port_right_t right, mach_port_name_t *name)
{
	kern_return_t code = trap_allocate(task, right, name);
	return code == 0x10000007 ? port_allocate(task, right, name) : code;
}

static void traps(void)
{
	mach_port_name_t name = 0, dead = 0;

	is("allocate", allocate(task_self(), MACH_PORT_RIGHT_RECEIVE, &name), KERN_SUCCESS);
	is("with a bad right", allocate(task_self(), 9, &dead), KERN_INVALID_VALUE);
	is("of no task, by trap", trap_allocate(name, MACH_PORT_RIGHT_RECEIVE, &dead), 0x10000007);
	is("a dead name", allocate(task_self(), MACH_PORT_RIGHT_DEAD_NAME, &dead), KERN_SUCCESS);
	is("of a dead name", allocate(dead, MACH_PORT_RIGHT_RECEIVE, &dead), MACH_SEND_INVALID_DEST);
	is("of a thread", allocate(mach_thread_self(), MACH_PORT_RIGHT_RECEIVE, &dead), KERN_INVALID_TASK);
	is("destroy", port_destroy(name), KERN_SUCCESS);
	is("destroy again", port_destroy(name), KERN_INVALID_NAME);
	done("traps");
}

/* A receiver that learns the size by a first, too small receive. */
static void large(void)
{
	static char big[9000] ALIGNED;
	mach_msg_header_t small, *m = (mach_msg_header_t *) big;
	mach_port_name_t port = 0;
	vm_address_t room = 0;

	is("a port", port_allocate(task_self(), MACH_PORT_RIGHT_RECEIVE, &port), KERN_SUCCESS);
	*m = (mach_msg_header_t){.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0), .msgh_id = 9};
	m->msgh_remote_port = port;
	*(mach_msg_type_t *) (m + 1) = (mach_msg_type_t){MACH_MSG_TYPE_BYTE, 8, 0, 1, 0, 0, 8192};
	big[8231] = 'z';
	is("send", mach_msg(m, MACH_SEND_MSG, 8232, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	is("too large", mach_msg(&small, MACH_RCV_MSG | MACH_RCV_LARGE, 0, sizeof small, port, 0, MACH_PORT_NULL), 0x10004004);
	is("the size", small.msgh_size, 8232);
	is("room", vm_allocate(task_self(), &room, small.msgh_size, TRUE), KERN_SUCCESS);
	is("receive", mach_msg((mach_msg_header_t *) room, MACH_RCV_MSG | MACH_RCV_LARGE, 0, small.msgh_size, port, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	is("the last byte", ((char *) room)[8231], 'z');
	is("send", mach_msg(m, MACH_SEND_MSG, 8232, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	is("too large, and lost", mach_msg(&small, MACH_RCV_MSG, 0, sizeof small, port, 0, MACH_PORT_NULL), 0x10004004);
	is("nothing is left", mach_msg(&small, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof small, port, 0, MACH_PORT_NULL), MACH_RCV_TIMED_OUT);
	is("vm_deallocate", vm_deallocate(task_self(), room, 8232), KERN_SUCCESS);
	is("destroy", port_destroy(port), KERN_SUCCESS);
	done("large messages");
}

int main(int argc, char **argv)
{
	uint64_t bases[2] = {(uintptr_t) &blocks[threads], 0};

	blocks[threads].self = &blocks[threads].local;
	is("this thread's base of FS", thread_set_state(mach_thread_self(), 7, (thread_state_t) bases, 4), KERN_SUCCESS);
	traps();
	large();
	many_threads();
	abort_receive();
	own_faults();
	child();
	return all_right();
}
