/* Client functions of odd.defs and its server in one program on the host: mach_msg carries each request to the server and its reply back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "odd.h"
#include "odd_server.h"

#include <mach/mig.h>

static int wrong, calls;
static union {
	mach_msg_header_t head;
	char bytes[16384];
} in, out;
static mach_msg_option_t last_option;
static mach_msg_timeout_t last_timeout;
static void (*spoil)(void); /* changes a request on its way */
static vm_size_t room; /* of mig_allocate */

static void is(const char *what, long got, long want)
{
	if (got != want) {
		printf("%s: %#lx, want %#lx\n", what, got, want);
		wrong = 1;
	}
}

/* A right comes in as another type than it was sent as. */
static unsigned seen(unsigned type) { return type >= 19 && type <= 20 ? 17 : type == 21 ? 18 : type; }

mach_msg_return_t mach_msg(mach_msg_header_t *msg, mach_msg_option_t option, mach_msg_size_t send, mach_msg_size_t receive, mach_port_t name,
	mach_msg_timeout_t timeout, mach_port_t notify)
{
	last_option = option;
	last_timeout = timeout;
	memcpy(&in, msg, send);
	in.head.msgh_bits = MACH_MSGH_BITS(seen(MACH_MSGH_BITS_LOCAL(msg->msgh_bits)), seen(MACH_MSGH_BITS_REMOTE(msg->msgh_bits))) | (msg->msgh_bits & MACH_MSGH_BITS_COMPLEX);
	in.head.msgh_remote_slot = msg->msgh_protected_payload;
	in.head.msgh_protected_payload = msg->msgh_remote_slot;
	if (spoil)
		spoil();
	is("the demultiplexer", odd_server(&in.head, &out.head), TRUE);
	if (option & MACH_RCV_MSG)
		memcpy(msg, &out, out.head.msgh_size);
	return MACH_MSG_SUCCESS;
}

mach_port_t mig_get_reply_port(void) { return 5; }
void mig_put_reply_port(mach_port_t port) {}
void mig_dealloc_reply_port(mach_port_t port) {}
void mig_allocate(vm_address_t *address, vm_size_t size) { *address = size <= room ? (vm_address_t) malloc(size) : 0; }

kern_return_t odd_four(mach_port_t server, four_t four, four_t *back)
{
	static int twice[4];
	for (int i = 0; i < 4; i++)
		twice[i] = 2 * four[i];
	*back = twice;
	calls++;
	return KERN_SUCCESS;
}

kern_return_t odd_long(mach_port_t server, long_t chars, mach_msg_type_number_t n, int *size)
{
	*size = n;
	calls++;
	return KERN_SUCCESS;
}

kern_return_t odd_data(mach_port_t server, data_t *data, mach_msg_type_number_t *n)
{
	memset(*data, 'x', 100);
	*n = 100;
	return KERN_SUCCESS;
}

kern_return_t odd_wait(mach_port_t server) { return KERN_SUCCESS; }

kern_return_t odd_later(mach_port_t server, mach_port_t reply, mach_msg_type_name_t type, int number)
{
	is("the reply port", reply, 66);
	is("its type", type, MACH_MSG_TYPE_PORT_SEND_ONCE);
	is("the number", number, 9);
	calls++;
	return KERN_SUCCESS;
}

kern_return_t odd_ports(mach_port_t server, names_t names, rights_t rights)
{
	is("the second name", names[1], 12);
	is("the second right", rights[1], 14);
	calls++;
	return KERN_SUCCESS;
}

mach_port_t odd_make(int number) { return number + 1; }

kern_return_t odd_made(mach_port_t server, int *made, mach_msg_type_name_t *type)
{
	*made = 20;
	*type = MACH_MSG_TYPE_PORT_SEND;
	return KERN_SUCCESS;
}

kern_return_t odd_names(mach_port_t server, int nil, int uint32, int true) { return KERN_SUCCESS; }

kern_return_t odd_bounded(mach_port_t server) { return KERN_SUCCESS; }

kern_return_t s_odd_unbounded(mach_port_t server) { return KERN_SUCCESS; }

/* An array of 6000 characters, out of line. */
static void out_of_line(void)
{
	char *p = mig_put_word((char *) (&in.head + 1), 0x40000808ull | MIG_COUNT(6000), (uintptr_t) &out);
	in.head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	in.head.msgh_size = p - in.bytes;
}

/* Three elements, where there must be four. */
static void three(void) { in.bytes[sizeof in.head + 4] = 3; }

/* The rights are what a receiver sees. */
static void rights_came(void) { in.bytes[sizeof in.head + 16] = MACH_MSG_TYPE_PORT_SEND; }

/* The client functions have the names that the server's have, but for the user's prefix. */
int main(void)
{
	int numbers[4] = {1, 2, 3, 4}, *back = NULL, size = 0;
	char chars[5000], few[10], *data = few;
	mach_msg_type_number_t n = sizeof few;
	mach_port_name_t names[2] = {11, 12};
	mach_port_t rights[2] = {13, 14}, made = 0;
	mach_msg_type_name_t type = 0;

	is("four", user_odd_four(7, numbers, &back), KERN_SUCCESS);
	is("the last of four", back ? back[3] : 0, 8);
	spoil = three;
	is("three of four", user_odd_four(7, numbers, &back), MIG_BAD_ARGUMENTS);
	spoil = NULL;
	is("long", user_odd_long(7, chars, sizeof chars, &size), KERN_SUCCESS);
	is("its size", size, sizeof chars);
	calls = 0;
	spoil = out_of_line;
	is("long, out of line", user_odd_long(7, chars, 1, &size), MIG_BAD_ARGUMENTS);
	is("calls of that", calls, 0);
	spoil = NULL;
	is("data without memory", user_odd_data(7, &data, &n), KERN_RESOURCE_SHORTAGE);
	data = few;
	n = sizeof few;
	room = 1000;
	is("data", user_odd_data(7, &data, &n), KERN_SUCCESS);
	is("their count", n, 100);
	is("the last one", data != few ? data[99] : 0, 'x');
	is("wait", user_odd_wait(7, 50, MACH_RCV_INTERRUPT), KERN_SUCCESS);
	is("its options", last_option, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT | MACH_RCV_INTERRUPT);
	is("its time", last_timeout, 50);
	is("later", user_odd_later(7, 66, MACH_MSG_TYPE_MAKE_SEND_ONCE, 9), KERN_SUCCESS);
	is("calls of that", calls, 1);
	spoil = rights_came;
	is("ports", user_odd_ports(7, names, rights), KERN_SUCCESS);
	is("calls of that", calls, 2);
	spoil = NULL;
	is("made", user_odd_made(7, &made, &type), KERN_SUCCESS);
	is("what was made", made, 21);
	is("its type", type, MACH_MSG_TYPE_PORT_SEND);
	is("bounded", user_odd_bounded(7), KERN_SUCCESS);
	is("its options", last_option, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT | MACH_SEND_INTERRUPT);
	is("its time", last_timeout, 30);
	is("unbounded", late_odd_unbounded(7), KERN_SUCCESS);
	is("its options", last_option, MACH_SEND_MSG | MACH_RCV_MSG);
	return wrong;
}
