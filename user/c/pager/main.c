/*
 * cpager is a small default memory manager in C, with the stubs that mig writes for memory_object and memory_object_default: it keeps the pages that the
 * kernel pages out in memory of its own, as they are. Three threads receive from one port set, and overtake each other on purpose; sequence numbers put
 * the messages of each port in order again.
 *
 *	cpager --receive=PORT
 *
 * PORT is the receive right of the manager's port, which somebody with the host's privileged port sets. A message with the id 1 to it is answered by its
 * numbers, one with the id 2 ends it.
 */
#include <mach/mach.h>
#include <mach/mig.h>

#include "mach.h"
#include "mach_port.h"
#include "memory_object_default.h"
#include "memory_object_default_server.h"
#include "memory_object_server.h"
#include "check.h"
#include "runtime.h"

const char program[] = "cpager";

enum { page = 4096, frames = 8192, objects = 4, most = 32768, threads = 3 };

static char (*memory)[page];
static uint32_t free_frames[frames], free_count;

/* A port that messages come to: the manager's, or an object's. */
static struct port {
	mach_port_t name;
	volatile mach_port_seqno_t next; /* the number whose turn it is */
	mach_port_t control;
	int over;
	uint32_t frame[most]; /* of each page that is kept, plus 1 */
} ports[objects];

static mach_port_t set;
static volatile int ended;
static long initial, returned, supplied, refused, created, destroyed, overtaken, disorder, large;

/* One lock guards everything but the turns. Whoever does not get it lets others run. */
static volatile int locked;

static void lock(void)
{
	while (__sync_lock_test_and_set(&locked, 1))
		swtch_pri(0);
}

static void unlock(void) { __sync_lock_release(&locked); }

static struct port *port(mach_port_t name)
{
	for (int i = 0; i < objects; i++)
		if (ports[i].name == name)
			return &ports[i];
	return NULL;
}

static struct port *know(mach_port_t name)
{
	struct port *p = port(MACH_PORT_NULL);
	if (p == NULL)
		return NULL;
	for (int i = 0; i < most; i++)
		p->frame[i] = 0;
	p->next = 0;
	p->over = 0;
	p->control = MACH_PORT_NULL;
	p->name = name;
	mach_port_set_seqno(task_self(), name, 0);
	mach_port_move_member(task_self(), name, set);
	return p;
}

/* ordered counts a message that takes effect out of its turn. */
static struct port *ordered(mach_port_t name, mach_port_seqno_t seqno)
{
	struct port *p = port(name);
	if (p == NULL || p->next != seqno) {
		disorder++;
		return NULL;
	}
	return p;
}

static void keep(struct port *p, vm_offset_t offset, vm_offset_t data, mach_msg_type_number_t size, int again)
{
	if (data == 0) { /* there was no room for the memory when the message came */
		refused += size / page;
		return;
	}
	for (; size >= page; offset += page, data += page, size -= page) {
		uint32_t *f = &p->frame[offset / page];
		if (offset / page >= most || (*f != 0 && !again) || (*f == 0 && free_count == 0)) {
			refused++;
			continue;
		}
		if (*f == 0)
			*f = free_frames[--free_count] + 1;
		memcpy(memory[*f - 1], (void *) data, page);
	}
}

kern_return_t seqnos_memory_object_create(mach_port_t manager, mach_port_seqno_t seqno, mach_port_t object, vm_size_t size, mach_port_t control,
	mach_port_t name, vm_size_t page_size)
{
	mach_port_t before;
	struct port *p;

	if (ordered(manager, seqno) == NULL || (p = know(object)) == NULL)
		return KERN_FAILURE;
	p->control = control;
	created++;
	return mach_port_request_notification(task_self(), object, MACH_NOTIFY_NO_SENDERS, 0, object, MACH_MSG_TYPE_MAKE_SEND_ONCE, &before);
}

kern_return_t seqnos_memory_object_data_initialize(mach_port_t object, mach_port_seqno_t seqno, mach_port_t control, vm_offset_t offset,
	vm_offset_t data, mach_msg_type_number_t size)
{
	struct port *p = ordered(object, seqno);

	if (p != NULL) {
		keep(p, offset, data, size, 0);
		initial += size / page;
	}
	return vm_deallocate(task_self(), data, size);
}

kern_return_t seqnos_memory_object_data_return(mach_port_t object, mach_port_seqno_t seqno, mach_port_t control, vm_offset_t offset, vm_offset_t data,
	mach_msg_type_number_t size, boolean_t dirty, boolean_t kernel_copy)
{
	struct port *p = ordered(object, seqno);

	if (p != NULL) {
		keep(p, offset, data, size, 1);
		returned += size / page;
	}
	return vm_deallocate(task_self(), data, size);
}

kern_return_t seqnos_memory_object_data_request(mach_port_t object, mach_port_seqno_t seqno, mach_port_t control, vm_offset_t offset, vm_size_t length,
	vm_prot_t access)
{
	struct port *p = ordered(object, seqno);
	uint32_t *f = p == NULL ? NULL : &p->frame[offset / page];

	if (f == NULL || offset / page >= most || *f == 0)
		return memory_object_data_error(control, offset, length, KERN_MEMORY_ERROR);
	supplied++;
	return memory_object_data_supply(control, offset, (vm_offset_t) memory[*f - 1], page, FALSE, VM_PROT_NONE, FALSE, MACH_PORT_NULL);
}

kern_return_t seqnos_memory_object_terminate(mach_port_t object, mach_port_seqno_t seqno, mach_port_t control, mach_port_t name)
{
	struct port *p = ordered(object, seqno);

	if (p != NULL)
		p->control = MACH_PORT_NULL;
	mach_port_destroy(task_self(), name);
	return mach_port_destroy(task_self(), control);
}

/* What the kernel never asks of its own objects' manager. */
kern_return_t seqnos_memory_object_init(mach_port_t o, mach_port_seqno_t s, mach_port_t c, mach_port_t n, vm_size_t z) { return KERN_FAILURE; }
kern_return_t seqnos_memory_object_copy(mach_port_t o, mach_port_seqno_t s, mach_port_t c, vm_offset_t f, vm_size_t l, mach_port_t n)
{
	return KERN_FAILURE;
}
kern_return_t seqnos_memory_object_data_unlock(mach_port_t o, mach_port_seqno_t s, mach_port_t c, vm_offset_t f, vm_size_t l, vm_prot_t a)
{
	return KERN_FAILURE;
}
kern_return_t seqnos_memory_object_lock_completed(mach_port_t o, mach_port_seqno_t s, mach_port_t c, vm_offset_t f, vm_size_t l)
{
	return KERN_FAILURE;
}
kern_return_t seqnos_memory_object_supply_completed(mach_port_t o, mach_port_seqno_t s, mach_port_t c, vm_offset_t f, vm_size_t l, kern_return_t r,
	vm_offset_t e)
{
	return KERN_FAILURE;
}
kern_return_t seqnos_memory_object_change_completed(mach_port_t o, mach_port_seqno_t s, boolean_t m, memory_object_copy_strategy_t c)
{
	return KERN_FAILURE;
}

/* All that the kernel says to a memory manager has room here: what is larger comes from somebody else. */
struct message {
	mach_msg_header_t head;
	char body[1024];
};

/* The bits of a code that tell for want of what not all of a message came. */
enum { partly = 0x3c00 };

/* reply sends an answer with the right that came with the request. This task waits for nobody: without room in the queue the answer comes back, and is given up. */
static void reply(mach_msg_header_t *in, struct message *out)
{
	mach_msg_return_t result = mach_msg(&out->head, MACH_SEND_MSG | MACH_SEND_TIMEOUT, out->head.msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);

	if ((result & ~partly) == MACH_SEND_TIMED_OUT)
		mach_msg_destroy(&out->head);
	if (result == MACH_MSG_SUCCESS || (result & ~partly) == MACH_SEND_TIMED_OUT)
		in->msgh_remote_port = MACH_PORT_NULL;
}

/* Answers a question for the numbers: pages that came, that went back, objects, and pages that are kept. */
static void answer(mach_msg_header_t *in, struct message *out)
{
	long numbers[] = {initial + returned, supplied, created - destroyed, frames - free_count};
	char *p = out->body;

	p = mig_put_word(p, MIG_RETCODE, KERN_SUCCESS);
	for (int i = 0; i < 4; i++)
		p = mig_put_word(p, 0x12000400bull, numbers[i]);
	out->head = (mach_msg_header_t){.msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(in->msgh_bits), 0), .msgh_id = in->msgh_id + 100};
	out->head.msgh_remote_slot = in->msgh_remote_slot;
	out->head.msgh_size = p - (char *) out;
	reply(in, out);
}

static void no_senders(struct port *p)
{
	for (int i = 0; i < most; i++)
		if (p->frame[i] != 0)
			free_frames[free_count++] = p->frame[i] - 1;
	p->over = 1;
	destroyed++;
}

/* carry_out has a message take effect. Of what is not understood, or refused, nothing is kept. */
static void carry_out(struct port *p, struct message *in, struct message *out)
{
	mig_reply_header_t *code = (mig_reply_header_t *) out;

	if (seqnos_memory_object_server(&in->head, &out->head) || seqnos_memory_object_default_server(&in->head, &out->head)) {
		if (code->RetCode == KERN_SUCCESS || code->RetCode == MIG_NO_REPLY)
			return;
	} else if (in->head.msgh_id == MACH_NOTIFY_NO_SENDERS && p != &ports[0]) {
		no_senders(p);
	} else if (in->head.msgh_id == 1 && p == &ports[0]) {
		answer(&in->head, out);
	} else if (in->head.msgh_id == 2 && p == &ports[0]) {
		ended = 1;
	} else if (in->head.msgh_remote_port != MACH_PORT_NULL) {
		reply(&in->head, out); /* MIG_BAD_ID, says the demultiplexer */
	}
	mach_msg_destroy(&in->head);
}

/*
 * receive takes a message, if there is one in time. One that is too large for the buffer the kernel has destroyed, with all that it brought, but for its header: it is as
 * good as one without an id. A message of which not all came, for want of memory or names, is one like others. All these have had their sequence number: who forgot
 * one would wait for its turn for ever.
 */
static int receive(struct message *in)
{
	mach_msg_return_t result = mach_msg(&in->head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof *in, set, 20, MACH_PORT_NULL);

	switch (result & ~partly) {
	case MACH_MSG_SUCCESS:
	case MACH_RCV_BODY_ERROR:
		return 1;
	case MACH_RCV_TOO_LARGE:
		in->head.msgh_id = 0;
		large++;
		/* fall through */
	case MACH_RCV_HEADER_ERROR:
		in->head.msgh_bits = 0;
		in->head.msgh_size = sizeof in->head;
		in->head.msgh_remote_port = MACH_PORT_NULL;
		return 1;
	}
	return 0;
}

/* serve takes one message, if there is one in time, and has it take effect in its turn; with random numbers others may overtake it before. */
static int serve(struct message *in, struct message *out, unsigned *random)
{
	static volatile long handled;
	long before = handled;
	struct port *p;

	if (!receive(in))
		return 0;
	if (random != NULL) {
		*random = *random * 1103515245 + 12345;
		for (unsigned i = *random >> 16 & 3; i > 0; i--)
			swtch_pri(0);
	}
	overtaken += handled != before;
	p = port(in->head.msgh_local_port);
	while (p->next != in->head.msgh_seqno)
		swtch_pri(0);
	lock();
	carry_out(p, in, out);
	handled++;
	if (p->over) {
		mach_port_t name = p->name;
		p->name = MACH_PORT_NULL;
		mach_port_destroy(task_self(), name);
	} else {
		p->next++;
	}
	unlock();
	return 1;
}

static void work(long number)
{
	static struct message in[threads], out[threads];
	unsigned random = number;

	while (!ended || created != destroyed) /* what the kernel has still to say comes soon */
		serve(&in[number], &out[number], &random);
	while (number != 0)
		swtch_pri(0);
}

static void start(int number)
{
	static char stacks[threads][16384] __attribute__((aligned(16)));
	struct { uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rsp, rbx, rdx, rcx, rax, rip, cs, rfl, ursp, ss; } s = {0};
	mach_port_t thread = 0;

	is("thread_create", thread_create(task_self(), &thread), KERN_SUCCESS);
	s.rip = (uintptr_t) work;
	s.ursp = (uintptr_t) (stacks[number] + sizeof stacks[number] - 8);
	s.rdi = number;
	is("the registers", thread_set_state(thread, 1, (thread_state_t) &s, sizeof s / 4), KERN_SUCCESS);
	is("thread_resume", thread_resume(thread), KERN_SUCCESS);
}

/* held is how many user references this task has to a send right, and how much memory it has mapped. */
static void held(mach_port_t name, mach_port_urefs_t *refs, vm_size_t *size)
{
	vm_address_t at = 0;
	vm_size_t piece;
	vm_prot_t cur, max;
	vm_inherit_t inheritance;
	boolean_t shared;
	memory_object_name_t object;
	vm_offset_t offset;

	is("the references", mach_port_get_refs(task_self(), name, MACH_PORT_RIGHT_SEND, refs), KERN_SUCCESS);
	for (*size = 0; vm_region(task_self(), &at, &piece, &cur, &max, &inheritance, &shared, &object, &offset) == KERN_SUCCESS; at += piece)
		*size += piece;
}

/* odd: of a message that is refused nothing is left. */
static void odd(mach_port_t object, mach_port_t control)
{
	static struct message in, out;
	static char data[page] __attribute__((aligned(page)));
	mach_port_urefs_t refs, now;
	vm_size_t size, mapped;
	char *p = in.body;

	held(control, &refs, &size);
	p = mig_put_word(p, 0x120004013ull, control); /* COPY_SEND */
	p = mig_put_word(p, 0x809ull | MIG_COUNT(page), (uint64_t) data);
	in.head = (mach_msg_header_t){.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0), .msgh_id = 2251, .msgh_remote_port = object};
	is("no offset", mach_msg(&in.head, MACH_SEND_MSG, p - (char *) &in, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	is("its turn", serve(&in, &out, NULL), 1);
	held(control, &now, &mapped);
	is("the right in it", now, refs);
	is("the memory in it", mapped, size);
}

/* ask sends a request that nobody serves, with rights and memory in it or without, small or too large for the manager. */
static mach_msg_return_t ask(mach_port_t to, mach_port_t answer, mach_port_t right, int large)
{
	static struct { mach_msg_header_t head; char body[2 * sizeof(struct message)]; } out;
	static char data[page] __attribute__((aligned(page)));
	char *p = out.body;

	out.head = (mach_msg_header_t){.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE), .msgh_id = 4711, .msgh_remote_port = to};
	out.head.msgh_local_port = answer;
	if (right != MACH_PORT_NULL) {
		p = mig_put_word(p, 0x120004013ull, right); /* COPY_SEND */
		p = mig_put_word(p, 0x809ull | MIG_COUNT(page), (uint64_t) data);
		out.head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	}
	if (large) {
		uint64_t type = 0x809ull | MIG_INLINE | MIG_COUNT(sizeof(struct message));
		memcpy(p, &type, sizeof type);
		p += sizeof type + sizeof(struct message);
	}
	return mach_msg(&out.head, MACH_SEND_MSG, p - (char *) &out, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

/* strange: messages that no kernel sends, also too large ones, have their turn, are answered or refused, and nothing of them is left; nobody is waited for. */
static void strange(mach_port_t object, mach_port_t control)
{
	static struct message in, out;
	mach_port_t answers = 0, manager = ports[0].name;
	mach_port_urefs_t refs, now;
	vm_size_t size, mapped;

	is("allocate", mach_port_allocate(task_self(), MACH_PORT_RIGHT_RECEIVE, &answers), KERN_SUCCESS);
	is("insert_right", mach_port_insert_right(task_self(), answers, answers, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	is("insert_right", mach_port_insert_right(task_self(), manager, manager, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	held(control, &refs, &size);
	for (int i = 0; i < 8; i++) {
		mach_port_t to = i & 4 ? manager : object;
		is("a strange message", ask(to, answers, i & 1 ? control : MACH_PORT_NULL, i & 2), MACH_MSG_SUCCESS);
		is("has its turn", serve(&in, &out, NULL), 1);
		is("is answered", mach_msg(&in.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof in, answers, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
		is("or destroyed", in.head.msgh_id, i & 2 ? MACH_NOTIFY_SEND_ONCE : 4811);
	}
	is("too large ones", large, 4);
	held(control, &now, &mapped);
	is("the rights in them", now, refs);
	is("the memory in them", mapped, size);
	held(answers, &refs, &size);
	for (int i = 0; i < 8; i++) { /* more than there is room for */
		in.head = (mach_msg_header_t){.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND), .msgh_id = 1, .msgh_remote_port = manager};
		in.head.msgh_local_port = answers;
		is("a question", mach_msg(&in.head, MACH_SEND_MSG, sizeof in.head, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
		is("nobody waits", serve(&in, &out, NULL), 1);
	}
	held(answers, &now, &mapped);
	is("the right to answer", now, refs);
	is("drop", mach_port_destroy(task_self(), answers), KERN_SUCCESS);
	is("drop", mach_port_mod_refs(task_self(), manager, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
}

/* The user side of the stubs: this program is its own kernel. */
static void stubs(void)
{
	static struct message in, out;
	static char data[page] __attribute__((aligned(page)));
	mach_port_t object = 0, control = 0, name = 0, task = task_self(), manager = ports[0].name;
	struct mig_reader r;
	vm_offset_t offset;
	uint32_t n;
	int inside;
	const char *got;

	is("allocate", mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &object), KERN_SUCCESS);
	is("allocate", mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &control), KERN_SUCCESS);
	is("allocate", mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &name), KERN_SUCCESS);
	is("insert_right", mach_port_insert_right(task, object, object, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	is("insert_right", mach_port_insert_right(task, manager, manager, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	is("memory_object_create", memory_object_create(manager, object, page, control, name, page), KERN_SUCCESS);
	is("it came", serve(&in, &out, NULL), 1);
	is("the object", port(object) != NULL && port(object)->control == control, 1);
	data[7] = 77;
	is("data_initialize", memory_object_data_initialize(object, control, 5 * page, (vm_offset_t) data, page), KERN_SUCCESS);
	data[7] = 78;
	is("data_initialize again", memory_object_data_initialize(object, control, 5 * page, (vm_offset_t) data, page), KERN_SUCCESS);
	is("they came", serve(&in, &out, NULL) + serve(&in, &out, NULL), 2);
	is("a message that is none", refused, 1);
	in.head = (mach_msg_header_t){.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0), .msgh_id = 2251, .msgh_remote_port = object};
	is("no arguments", mach_msg(&in.head, MACH_SEND_MSG, sizeof in.head, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	is("its turn", serve(&in, &out, NULL), 1);
	odd(object, control);
	strange(object, control);
	is("the answer", memory_object_data_supply(control, 0, 0, 0, FALSE, 0, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	is("it lies there", mach_msg(&in.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof in, control, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	is("a request", seqnos_memory_object_data_request(object, port(object)->next, control, 5 * page, page, VM_PROT_READ), KERN_SUCCESS);
	is("the page", mach_msg(&in.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof in, control, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	mig_open(&r, &in.head);
	mig_get(&r, 0x12000400bull, &offset, 8);
	got = mig_get_array(&r, 0x40000809ull, 1, 1, &n, &inside);
	is("its offset", offset, 5 * page);
	is("what came first stays", n == page ? got[7] : 0, 77);
	is("free it", vm_deallocate(task, (vm_address_t) got, n), KERN_SUCCESS);
	is("the last right goes", mach_port_mod_refs(task, object, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
	is("the notification", serve(&in, &out, NULL), 1);
	is("all is free", free_count, frames);
	is("out of order", disorder, 0);
	is("drop", mach_port_destroy(task, control) + mach_port_destroy(task, name), 0);
	initial = returned = supplied = refused = created = destroyed = overtaken = large = 0;
	done("stubs");
}

int main(int argc, char **argv)
{
	vm_address_t at = 0;

	is("the port set", mach_port_allocate(task_self(), MACH_PORT_RIGHT_PORT_SET, &set), KERN_SUCCESS);
	is("the memory", vm_allocate(task_self(), &at, (vm_size_t) frames * page, TRUE), KERN_SUCCESS);
	memory = (char (*)[page]) at;
	for (int i = 0; i < frames; i++) {
		memory[i][0] = 0; /* while there are frames: later they are for others */
		free_frames[free_count++] = i;
	}
	know(named(argc, argv, "--receive="));
	stubs();
	for (int i = 1; i < threads; i++)
		start(i);
	work(0);
	lock();
	is("messages out of their order", disorder, 0);
	is("messages of the kernel's that are too large", large, 0);
	is("pages refused", refused, 0);
	is("they came first, and again", initial > 100 && returned > 100 && supplied > 100, 1);
	is("messages were overtaken", overtaken > 0, 1);
	is("objects that are left", created - destroyed, 0);
	is("pages that are left", frames - free_count, 0);
	done("pages");
	print("cpager: %d pages came first, %d again, %d went back, %d overtaken\n", initial, returned, supplied, overtaken);
	return all_right();
}
