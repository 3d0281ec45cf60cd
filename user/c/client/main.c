/*
 * cclient calls the kernel and the default pager with stubs that mig wrote in C, and is an exception server with one. Each line it prints
 * says how many checks of a kind were right; the last one says that all were.
 *
 *	cclient --pager=${default-pager-port} --host=${host-port}
 */
#include <mach/mach.h>
#include <mach/mig.h>

#include "default_pager.h"
#include "defpager.h"
#include "exc_server.h"
#include "gnumach.h"
#include "mach.h"
#include "mach_host.h"
#include "mach_port.h"
#include "check.h"
#include "runtime.h"

static void ports(void)
{
	mach_port_t task = task_self();
	mach_port_name_t port = 0, set = 0;
	mach_port_type_t type = 0;
	mach_port_urefs_t refs = 0;
	mach_port_status_t status;
	mach_port_name_t room[4], *members = room, *names;
	mach_port_type_array_t types;
	mach_msg_type_number_t n = 4, nt = 0;
	mach_port_t previous = 1, poly = 0;
	mach_msg_type_name_t as = 0;

	is("allocate", mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &port), KERN_SUCCESS);
	is("allocate a set", mach_port_allocate(task, MACH_PORT_RIGHT_PORT_SET, &set), KERN_SUCCESS);
	is("allocate with a bad right", mach_port_allocate(task, 77, &refs), KERN_INVALID_VALUE);
	is("type", mach_port_type(task, port, &type), KERN_SUCCESS);
	is("the type", type, MACH_PORT_TYPE(MACH_PORT_RIGHT_RECEIVE));
	is("insert_right", mach_port_insert_right(task, port, port, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	is("get_refs", mach_port_get_refs(task, port, MACH_PORT_RIGHT_SEND, &refs), KERN_SUCCESS);
	is("the references", refs, 1);
	is("mod_refs", mach_port_mod_refs(task, port, MACH_PORT_RIGHT_SEND, 2), KERN_SUCCESS);
	is("extract_right", mach_port_extract_right(task, port, MACH_MSG_TYPE_COPY_SEND, &poly, &as), KERN_SUCCESS);
	is("the right's type", as, MACH_MSG_TYPE_PORT_SEND);
	is("the right's name", poly, port);
	is("set_qlimit", mach_port_set_qlimit(task, port, 3), KERN_SUCCESS);
	is("set_seqno", mach_port_set_seqno(task, port, 41), KERN_SUCCESS);
	is("move_member", mach_port_move_member(task, port, set), KERN_SUCCESS);
	is("get_receive_status", mach_port_get_receive_status(task, port, &status), KERN_SUCCESS);
	is("the queue's limit", status.mps_qlimit, 3);
	is("the sequence number", status.mps_seqno, 41);
	is("the set", status.mps_pset, set);
	is("send rights exist", status.mps_srights, TRUE);
	is("get_set_status", mach_port_get_set_status(task, set, &members, &n), KERN_SUCCESS);
	is("members", n, 1);
	is("the member", members[0], port);
	is("request_notification", mach_port_request_notification(task, port, MACH_NOTIFY_NO_SENDERS, 0, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous), KERN_SUCCESS);
	is("no previous one", previous, MACH_PORT_NULL);
	names = NULL;
	types = NULL;
	n = 0;
	is("names", mach_port_names(task, &names, &n, &types, &nt), KERN_SUCCESS);
	is("as many types as names", nt, n);
	is("there are names", n > 3, TRUE);
	is("free the names", vm_deallocate(task, (vm_address_t) names, n * sizeof *names), KERN_SUCCESS);
	is("destroy", mach_port_destroy(task, port), KERN_SUCCESS);
	is("destroy it again", mach_port_destroy(task, port), KERN_INVALID_NAME);
	is("destroy the set", mach_port_destroy(task, set), KERN_SUCCESS);
	done("ports");
}

static void memory(void)
{
	mach_port_t task = task_self(), name = 1;
	vm_address_t at = 0, region = 0;
	vm_offset_t data = 0, offset;
	vm_size_t size;
	vm_prot_t protection, most;
	vm_inherit_t inherit;
	boolean_t shared;
	mach_msg_type_number_t n = 0;
	vm_statistics_data_t statistics;

	is("vm_allocate", vm_allocate(task, &at, 3 * 4096, TRUE), KERN_SUCCESS);
	((char *) at)[4096] = 'x';
	is("vm_read", vm_read(task, at + 4096, 4096, &data, &n), KERN_SUCCESS);
	is("bytes read", n, 4096);
	is("the byte", ((char *) data)[0], 'x');
	((char *) data)[0] = 'y';
	is("a copy was read", ((char *) at)[4096], 'x');
	is("vm_write", vm_write(task, at, data, n), KERN_SUCCESS);
	is("the byte written", ((char *) at)[0], 'y');
	is("vm_copy", vm_copy(task, at, 4096, at + 8192), KERN_SUCCESS);
	is("the byte copied", ((char *) at)[8192], 'y');
	is("vm_protect", vm_protect(task, at, 4096, FALSE, VM_PROT_READ), KERN_SUCCESS);
	region = at;
	is("vm_region", vm_region(task, &region, &size, &protection, &most, &inherit, &shared, &name, &offset), KERN_SUCCESS);
	is("the region", region, at);
	is("its size", size, 4096);
	is("its protection", protection, VM_PROT_READ);
	is("no object's name", name, MACH_PORT_NULL);
	is("vm_inherit", vm_inherit(task, at, 4096, VM_INHERIT_NONE), KERN_SUCCESS);
	is("vm_inherit with a bad value", vm_inherit(task, at, 4096, 9), KERN_INVALID_ARGUMENT);
	is("vm_statistics", vm_statistics(task, &statistics), KERN_SUCCESS);
	is("the page's size", statistics.pagesize, 4096);
	is("vm_deallocate", vm_deallocate(task, data, 4096), KERN_SUCCESS);
	is("vm_deallocate all", vm_deallocate(task, at, 3 * 4096), KERN_SUCCESS);
	is("vm_read of nothing", vm_read(task, at, 4096, &data, &n), KERN_INVALID_ADDRESS);
	done("memory");
}

static void pager(mach_port_t manager, mach_port_t host)
{
	mach_port_t task = task_self(), object = 0, again = 0;
	vm_address_t first = 0, second = 0;
	default_pager_info_t info;
	default_pager_object_t room[8];
	default_pager_object_array_t objects = room;
	mach_port_t rights[8], *list = rights;
	default_pager_page_t offsets[8];
	default_pager_page_array_t pages = offsets;
	mach_msg_type_number_t n = 8, m = 8, k = 8;

	is("host_default_memory_manager", host_default_memory_manager(host, &again, 4096), KERN_SUCCESS);
	is("is the pager", again, manager);
	is("object_create", default_pager_object_create(manager, &object, 2 * 4096), KERN_SUCCESS);
	is("info", default_pager_info(manager, &info), KERN_SUCCESS);
	is("the page's size", info.dpi_page_size, 4096);
	is("vm_map", vm_map(task, &first, 8192, 0, TRUE, object, 0, FALSE, VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_SHARE), KERN_SUCCESS);
	is("vm_map again", vm_map(task, &second, 8192, 0, TRUE, object, 0, FALSE, VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_SHARE), KERN_SUCCESS);
	is("zero at first", *(volatile long *) first, 0);
	*(volatile long *) first = 42;
	is("seen in the other mapping", *(volatile long *) second, 42);
	is("objects", default_pager_objects(manager, &objects, &n, &list, &m), KERN_SUCCESS);
	is("one object", n, 1);
	is("one right", m, 1);
	is("the right", list[0], object);
	is("its bytes", objects[0].dpo_size, 4096);
	is("object_pages", default_pager_object_pages(manager, object, &pages, &k), KERN_SUCCESS);
	is("one page", k, 1);
	is("its offset", pages[0].dpp_offset, 0);
	is("object_set_size", default_pager_object_set_size(object, 4096), KERN_SUCCESS);
	is("too large", default_pager_object_create(manager, &again, (vm_size_t) 1 << 46), KERN_RESOURCE_SHORTAGE);
	is("not to the pager", default_pager_object_create(task, &again, 4096), MIG_BAD_ID);
	is("vm_deallocate", vm_deallocate(task, first, 8192), KERN_SUCCESS);
	is("vm_deallocate again", vm_deallocate(task, second, 8192), KERN_SUCCESS);
	is("release the list's right", mach_port_deallocate(task, list[0]), KERN_SUCCESS);
	is("release the object", mach_port_deallocate(task, object), KERN_SUCCESS);
	done("pager");
}

static void figures(mach_port_t manager, mach_port_t priv)
{
	mach_port_t task = task_self(), object = 0;
	vm_address_t at = 0;
	uint64_t room[64] = {0};
	paging_figures_t record = room;
	mach_msg_type_number_t n = 64;

	is("flags that there are not", defpager_object_create(manager, &object, 4096, 4), KERN_INVALID_ARGUMENT);
	is("an overcommitted object", defpager_object_create(manager, &object, (vm_size_t) 1 << 46, 1), KERN_SUCCESS);
	is("vm_map", vm_map(task, &at, 8192, 0, TRUE, object, 0, FALSE, VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_SHARE), KERN_SUCCESS);
	*(volatile long *) at = 42;
	is("object_figures", defpager_object_figures(object, record, &n), KERN_SUCCESS);
	is("so many", n, 16);
	is("its flags", room[1], 1);
	is("its size", room[2], (vm_size_t) 1 << 46);
	is("nothing reserved", room[3], 0);
	is("resident", room[4], 4096);
	n = 2;
	is("task_figures", defpager_task_figures(task, record, &n), KERN_SUCCESS);
	is("no more than there is room for", n, 2);
	n = 64;
	is("host_figures", defpager_host_figures(priv, record, &n), KERN_SUCCESS);
	is("free or somebody's", room[1] + room[3] + room[4] + room[5] + room[6] + room[7] + room[8] + room[9] + room[10] + room[11] + room[12] + room[13], room[0]);
	is("host_figures without privilege", defpager_host_figures(mach_host_self(), record, &n), KERN_INVALID_HOST);
	is("task_set_limits", defpager_task_set_limits(priv, task, 0, 1 << 20, (vm_size_t) -1), KERN_SUCCESS);
	is("more than that", defpager_object_create(manager, &object, 2 << 20, 0), KERN_RESOURCE_SHORTAGE);
	is("raised without privilege", defpager_task_set_limits(mach_host_self(), task, 0, 2 << 20, (vm_size_t) -1), KERN_NO_ACCESS);
	is("none again", defpager_task_set_limits(priv, task, 0, (vm_size_t) -1, (vm_size_t) -1), KERN_SUCCESS);
	is("vm_deallocate", vm_deallocate(task, at, 8192), KERN_SUCCESS);
	is("release the object", mach_port_deallocate(task, object), KERN_SUCCESS);
	done("figures");
}

static void host(mach_port_t priv)
{
	mach_port_t name = mach_host_self();
	new_kernel_version_t version;
	time_value_t now;
	time_value64_t up;
	integer_t words[16];
	mach_msg_type_number_t n = 16;

	is("host_get_kernel_version", host_get_kernel_version(name, version), KERN_SUCCESS);
	is("the version", version[0] != 0, TRUE);
	is("host_get_time", host_get_time(name, &now), KERN_SUCCESS);
	is("microseconds", now.microseconds >= 0 && now.microseconds < 1000000, TRUE);
	is("host_get_uptime64", host_get_uptime64(name, &up), KERN_SUCCESS);
	is("nanoseconds", up.nanoseconds >= 0 && up.nanoseconds < 1000000000, TRUE);
	is("host_info", host_info(priv, 1, words, &n), KERN_SUCCESS);
	is("words of it", n > 0, TRUE);
	n = 1;
	is("host_info without room", host_info(priv, 1, words, &n), KERN_INVALID_ARGUMENT);
	is("host_reboot by the name port", host_reboot(name, 0), KERN_INVALID_HOST);
	done("host");
}

/* The thread that the exception server watches, and what its routine saw. */
static char stack[16384];
static mach_port_t child;
static volatile int raised, went_on;

static void misbehave(void)
{
	__asm__ volatile("ud2"); /* the server lets it go on behind it */
	went_on = 1;
	for (;;)
		swtch_pri(0);
}

kern_return_t exception_raise(mach_port_t port, mach_port_t thread, mach_port_t task, integer_t exception, integer_t code, rpc_long_integer_t subcode)
{
	natural_t state[42];
	mach_msg_type_number_t n = 42;

	(void) port, (void) code, (void) subcode;
	raised++;
	is("the exception", exception, 2);
	is("the thread", thread, child);
	is("the task", task, task_self());
	is("thread_get_state", thread_get_state(thread, 1, state, &n), KERN_SUCCESS);
	*(uint64_t *) &state[2 * 16] += 2; /* rip, behind the instruction */
	is("thread_set_state", thread_set_state(thread, 1, state, n), KERN_SUCCESS);
	mach_port_deallocate(task_self(), thread);
	mach_port_deallocate(task_self(), task);
	return KERN_SUCCESS;
}

static void exceptions(void)
{
	mach_port_t task = task_self(), port = 0;
	natural_t state[42];
	mach_msg_type_number_t n = 42;
	union {
		mach_msg_header_t head;
		char bytes[256];
	} in, out;

	is("thread_create", thread_create(task, &child), KERN_SUCCESS);
	is("thread_get_state", thread_get_state(child, 1, state, &n), KERN_SUCCESS);
	*(uint64_t *) &state[2 * 16] = (uint64_t) misbehave;
	*(uint64_t *) &state[2 * 19] = (uint64_t) (stack + sizeof stack - 8);
	is("thread_set_state", thread_set_state(child, 1, state, n), KERN_SUCCESS);
	is("a port", mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &port), KERN_SUCCESS);
	is("a right", mach_port_insert_right(task, port, port, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	is("thread_set_special_port", thread_set_special_port(child, 3, port), KERN_SUCCESS);
	is("thread_resume", thread_resume(child), KERN_SUCCESS);
	is("the request", mach_msg(&in.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof in, port, 2000, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	is("exc_server", exc_server(&in.head, &out.head), TRUE);
	is("the reply", mach_msg(&out.head, MACH_SEND_MSG, out.head.msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	for (int i = 0; i < 1000 && !went_on; i++)
		swtch_pri(0);
	is("raised once", raised, 1);
	is("the thread went on", went_on, 1);
	is("thread_terminate", thread_terminate(child), KERN_SUCCESS);
	is("destroy the port", mach_port_destroy(task, port), KERN_SUCCESS);
	done("exceptions");
}

const char program[] = "cclient";

int main(int argc, char **argv)
{
	mach_port_t manager = named(argc, argv, "--pager="), priv = named(argc, argv, "--host=");

	ports();
	memory();
	pager(manager, priv);
	figures(manager, priv);
	host(priv);
	exceptions();
	return all_right();
}
