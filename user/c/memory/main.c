/*
 * cmemory tries each call on address spaces, with each argument's meaning and what is wrong with it, on its own memory and on a child's. Each line
 * it prints says how many checks of a kind were right.
 *
 *	cmemory --pager=${default-pager-port} --host=${host-port}
 */
#include <mach/mach.h>
#include <mach/mig.h>

#include "check.h"
#include "default_pager.h"
#include "gnumach.h"
#include "mach.h"
#include "mach4.h"
#include "mach_host.h"
#include "mach_port.h"

const char program[] = "cmemory";

#define P 4096ul
#define MB (256 * P)
#define LOW ((vm_address_t) 1 << 39)  /* the first address of a task */
#define HIGH ((vm_address_t) 1 << 47) /* the first beyond all */
#define RW VM_PROT_DEFAULT
#define R VM_PROT_READ

static mach_port_t me, pager, priv;

/* put writes a byte into a task's memory, and get reads one; -1 stands for what cannot be read. */
static kern_return_t put(mach_port_t task, vm_address_t at, char byte)
{
	return vm_write(task, at, (vm_offset_t) &byte, 1);
}

static long get(mach_port_t task, vm_address_t at)
{
	vm_offset_t data = 0;
	mach_msg_type_number_t n = 0;
	long byte = -1;

	if (vm_read(task, at, 1, &data, &n) == KERN_SUCCESS) {
		byte = *(unsigned char *) data;
		vm_deallocate(me, data, n);
	}
	return byte;
}

static kern_return_t readable(mach_port_t task, vm_address_t at, vm_size_t size)
{
	vm_offset_t data = 0;
	mach_msg_type_number_t n = 0;
	kern_return_t kr = vm_read(task, at, size, &data, &n);

	if (kr == KERN_SUCCESS && n != 0)
		vm_deallocate(me, data, n);
	return kr;
}

/* what vm_region tells of the region at or behind an address */
static struct region {
	kern_return_t kr;
	vm_address_t at;
	vm_size_t size;
	vm_prot_t prot, max;
	vm_inherit_t inherit;
	boolean_t shared;
	mach_port_t name;
	vm_offset_t offset;
} look(mach_port_t task, vm_address_t at)
{
	struct region r = {.at = at};

	r.kr = vm_region(task, &r.at, &r.size, &r.prot, &r.max, &r.inherit, &r.shared, &r.name, &r.offset);
	return r;
}

/* map is vm_map of zeros where the address and the mask say. */
static kern_return_t map(mach_port_t task, vm_address_t *at, vm_size_t size, vm_address_t mask, boolean_t anywhere)
{
	return vm_map(task, at, size, mask, anywhere, MACH_PORT_NULL, 0, FALSE, RW, VM_PROT_ALL, VM_INHERIT_COPY);
}

static void placing(mach_port_t task)
{
	vm_address_t at = 0, next;

	is("allocate anywhere", vm_allocate(task, &at, 1, TRUE), KERN_SUCCESS);
	is("a page's beginning", at % P, 0);
	is("a whole page", look(task, at).size >= P, TRUE);
	is("of zeros", get(task, at + P - 1), 0);
	is("deallocate", vm_deallocate(task, at + 5, 1), KERN_SUCCESS);
	is("it is gone", readable(task, at, 1), KERN_INVALID_ADDRESS);
	is("deallocate nothing", vm_deallocate(task, at, P), KERN_SUCCESS);
	next = at + 3;
	is("allocate where it was", vm_allocate(task, &next, P + 1, FALSE), KERN_SUCCESS);
	is("from the page on", next, at);
	is("two pages", put(task, at + 2 * P - 1, 1), KERN_SUCCESS);
	is("over its end", vm_allocate(task, (next = at + P, &next), 2 * P, FALSE), KERN_NO_SPACE);
	is("deallocate more", vm_deallocate(task, at, 4 * P), KERN_SUCCESS);
	next = 77;
	is("allocate no bytes", vm_allocate(task, &next, 0, FALSE), KERN_SUCCESS);
	is("at 0", next, 0);
	next = HIGH - P;
	is("allocate the last page", vm_allocate(task, &next, P, FALSE), KERN_SUCCESS);
	is("write its last byte", put(task, HIGH - 1, 9), KERN_SUCCESS);
	is("read it", get(task, HIGH - 1), 9);
	is("across its end", readable(task, HIGH - 1, 2), KERN_INVALID_ADDRESS);
	is("hint behind it", map(task, (next = HIGH - P, &next), P, 0, TRUE), KERN_SUCCESS);
	is("goes round", next < HIGH - P, TRUE);
	is("deallocate", vm_deallocate(task, next, P), KERN_SUCCESS);
	is("deallocate beyond the end", vm_deallocate(task, HIGH - P, ~0ul), KERN_SUCCESS);
	next = LOW;
	is("allocate the first page", task == me || vm_allocate(task, &next, P, FALSE) == KERN_SUCCESS, TRUE);
	is("deallocate it", task == me || vm_deallocate(task, 0, LOW + P) == KERN_SUCCESS, TRUE);
	is("a page before the first", vm_allocate(task, (next = LOW - P, &next), P, FALSE), KERN_INVALID_ADDRESS);
	done(task == me ? "own places" : "a child's places");
}

static void masks(mach_port_t task)
{
	vm_address_t at = 0, hint = 100 * LOW;

	is("2 MiB aligned", map(task, &at, P, 2 * MB - 1, TRUE), KERN_SUCCESS);
	is("it is", at % (2 * MB), 0);
	is("exactly against the mask", map(task, (hint = at + P, &hint), P, 2 * MB - 1, FALSE), KERN_NO_SPACE);
	is("deallocate", vm_deallocate(task, at, P), KERN_SUCCESS);
	is("exactly with the mask", map(task, (hint = at, &hint), P, 2 * MB - 1, FALSE), KERN_SUCCESS);
	is("deallocate", vm_deallocate(task, at, P), KERN_SUCCESS);
	is("from a hint on", map(task, (hint = 100 * LOW + 5, &hint), P, 0, TRUE), KERN_SUCCESS);
	is("there", hint, 100 * LOW);
	is("and the next", map(task, (at = hint, &at), P, 0, TRUE), KERN_SUCCESS);
	is("behind it", at, hint + P);
	is("deallocate", vm_deallocate(task, hint, 2 * P), KERN_SUCCESS);
	is("below a limit", map(task, (at = 100 * LOW, &at), P, ~(4 * LOW - 1), TRUE), KERN_SUCCESS);
	is("it is", at < 4 * LOW, TRUE);
	is("deallocate", vm_deallocate(task, at, P), KERN_SUCCESS);
	is("below a limit that is too low", map(task, (at = 0, &at), P, ~(LOW - 1), TRUE), KERN_NO_SPACE);
	is("no mask at all", map(task, (at = 0, &at), P, 0x5000, TRUE), KERN_NO_SPACE);
	is("aligned by 1 TiB", map(task, (at = 0, &at), 4 * MB, 2 * LOW - 1, TRUE), KERN_SUCCESS);
	is("it is", at % (2 * LOW), 0);
	is("deallocate", vm_deallocate(task, at, 4 * MB), KERN_SUCCESS);
	is("aligned by all", map(task, (at = 0, &at), P, HIGH - 1, TRUE), KERN_NO_SPACE);
	is("of 4 MiB, anywhere", map(task, (at = 0, &at), 4 * MB, 0, TRUE), KERN_SUCCESS);
	is("for superpages", at % (2 * MB), 0);
	is("deallocate", vm_deallocate(task, at, 4 * MB), KERN_SUCCESS);
	done(task == me ? "own masks" : "a child's masks");
}

static void protections(mach_port_t task)
{
	vm_address_t at = 0;
	struct region r;

	is("map with protections", vm_map(task, &at, 4 * P, 0, TRUE, MACH_PORT_NULL, 55, TRUE, R, RW, VM_INHERIT_NONE), KERN_SUCCESS);
	r = look(task, at);
	is("its address", r.at, at);
	is("its size", r.size, 4 * P);
	is("its protection", r.prot, R);
	is("its maximum", r.max, RW);
	is("its inheritance", r.inherit, VM_INHERIT_NONE);
	is("it is not shared", r.shared, FALSE);
	is("it has no name", r.name, MACH_PORT_NULL);
	is("written", put(task, at, 1), KERN_PROTECTION_FAILURE);
	is("protect a byte", vm_protect(task, at + P + 1, 1, FALSE, RW), KERN_SUCCESS);
	is("its page written", put(task, at + 2 * P - 1, 1), KERN_SUCCESS);
	is("not the next", put(task, at + 2 * P, 1), KERN_PROTECTION_FAILURE);
	is("two bytes, two pages", vm_protect(task, at + 3 * P - 1, 2, FALSE, RW), KERN_SUCCESS);
	is("all but the first page", look(task, at).size, P);
	is("the rest, which nobody has touched, is one", look(task, at + 2 * P).size, 2 * P);
	is("protect for execution", vm_protect(task, at, 4 * P, FALSE, VM_PROT_ALL), KERN_PROTECTION_FAILURE);
	is("nothing has changed", look(task, at).prot, R);
	is("protect to nothing", vm_protect(task, at, P, FALSE, VM_PROT_NONE), KERN_SUCCESS);
	is("then nothing reads it", readable(task, at, 1), KERN_PROTECTION_FAILURE);
	is("nor what is behind it", readable(task, at, 2 * P), KERN_PROTECTION_FAILURE);
	is("lower the maximum", vm_protect(task, at + P, P, TRUE, R), KERN_SUCCESS);
	is("the protection with it", look(task, at + P).prot, R);
	is("the maximum", look(task, at + P).max, R);
	is("raise it", vm_protect(task, at + P, P, TRUE, RW), KERN_PROTECTION_FAILURE);
	is("with the notify bit", vm_protect(task, at + 2 * P, P, FALSE, R | 16), KERN_SUCCESS);
	is("with an unknown bit", vm_protect(task, at + 2 * P, P, FALSE, R | 32), KERN_INVALID_ARGUMENT);
	is("of no bytes", vm_protect(task, at + P, 0, FALSE, RW), KERN_SUCCESS);
	is("a hole", vm_deallocate(task, at + P, P), KERN_SUCCESS);
	is("across the hole", vm_protect(task, at, 4 * P, FALSE, R), KERN_SUCCESS);
	is("behind the hole", look(task, at + P).at, at + 2 * P);
	is("inherit across the hole", vm_inherit(task, at, 4 * P, VM_INHERIT_SHARE), KERN_SUCCESS);
	is("its inheritance", look(task, at + 3 * P).inherit, VM_INHERIT_SHARE);
	is("inherit of no bytes", vm_inherit(task, at, 0, VM_INHERIT_NONE), KERN_SUCCESS);
	is("nothing has changed", look(task, at).inherit, VM_INHERIT_SHARE);
	is("deallocate", vm_deallocate(task, at, 4 * P), KERN_SUCCESS);
	done(task == me ? "own protections" : "a child's protections");
}

static void contents(mach_port_t task)
{
	static char out[3 * P];
	vm_address_t at = 0;
	vm_offset_t data = 1;
	mach_msg_type_number_t n = 1;

	is("allocate", vm_allocate(task, &at, 64 * P, TRUE), KERN_SUCCESS);
	for (unsigned i = 0; i < sizeof out; i++)
		out[i] = (char) (i % 251);
	is("write at odd bytes", vm_write(task, at + 7, (vm_offset_t) out + 3, 2 * P + 5), KERN_SUCCESS);
	is("the first", get(task, at + 7), 3);
	is("before the first", get(task, at + 6), 0);
	is("the last", get(task, at + 7 + 2 * P + 4), (2 * P + 7) % 251);
	is("behind the last", get(task, at + 7 + 2 * P + 5), 0);
	is("read at odd bytes", vm_read(task, at + 9, P, &data, &n), KERN_SUCCESS);
	is("as many", n, P);
	is("the first", *(unsigned char *) data, 5);
	is("the last", ((unsigned char *) data)[P - 1], (P + 4) % 251);
	is("a copy of it is one's own", (*(char *) data = 99, get(task, at + 9)), 5);
	is("deallocate", vm_deallocate(me, data, n), KERN_SUCCESS);
	is("read no bytes", vm_read(task, 12345, 0, &data, &n), KERN_SUCCESS);
	is("no bytes", n, 0);
	is("no data", data, 0);
	is("write no bytes", vm_write(task, 12345, (vm_offset_t) out, 0), KERN_SUCCESS);
	is("copy no bytes", vm_copy(task, 12345, 0, 54321), KERN_SUCCESS);
	is("copy onto what follows", vm_copy(task, at + 7, P, at + 7 + 100), KERN_SUCCESS);
	is("as it was", get(task, at + 7 + 100), 3);
	is("all of it", get(task, at + 7 + 100 + P - 1), (P + 2) % 251);
	is("copy onto what comes before", vm_copy(task, at + 107, P, at + 7), KERN_SUCCESS);
	is("as it was", get(task, at + 7 + P - 1), (P + 2) % 251);
	is("copy many pages onto themselves", vm_copy(task, at, 32 * P, at), KERN_SUCCESS);
	is("as they were", get(task, at + 7), 3);
	is("copy many pages onto what follows", vm_copy(task, at, 32 * P, at + P), KERN_SUCCESS);
	is("as they were", get(task, at + P + 7), 3);
	is("and many pages back", vm_copy(task, at + P, 32 * P, at), KERN_SUCCESS);
	is("as they were", get(task, at + 7), 3);
	is("a page that cannot be written", vm_protect(task, at + 20 * P, P, FALSE, R), KERN_SUCCESS);
	is("is not written", vm_copy(task, at, 16 * P, at + 18 * P), KERN_PROTECTION_FAILURE);
	is("nor what is before it", get(task, at + 18 * P + 7), 0);
	is("nor by vm_write", vm_write(task, at + 19 * P, (vm_offset_t) out, sizeof out), KERN_PROTECTION_FAILURE);
	is("nothing at all", get(task, at + 19 * P + 1), 0);
	is("a hole", vm_deallocate(task, at + 20 * P, P), KERN_SUCCESS);
	is("is not written", vm_write(task, at + 19 * P, (vm_offset_t) out, sizeof out), KERN_INVALID_ADDRESS);
	is("nor copied", vm_copy(task, at + 18 * P, 16 * P, at), KERN_INVALID_ADDRESS);
	is("nothing at all", get(task, at + 7), 3);
	is("read across the hole", readable(task, at + 19 * P, 3 * P), KERN_INVALID_ADDRESS);
	is("read what cannot be read", (vm_protect(task, at + 30 * P, P, FALSE, VM_PROT_NONE), readable(task, at + 29 * P, 3 * P)), KERN_PROTECTION_FAILURE);
	is("what can only be written", (vm_protect(task, at + 30 * P, P, FALSE, VM_PROT_WRITE), readable(task, at + 30 * P, 1)), KERN_PROTECTION_FAILURE);
	is("it is written", put(task, at + 30 * P, 1), KERN_SUCCESS);
	is("deallocate", vm_deallocate(task, at, 64 * P), KERN_SUCCESS);
	done(task == me ? "own contents" : "a child's contents");
}

static void objects(mach_port_t task)
{
	mach_port_t object = 0, limited = 0;
	vm_address_t at = 0, copy = 0, third = 0, more = 0;
	struct region r;

	is("an object", default_pager_object_create(pager, &object, 8 * P + 100), KERN_SUCCESS);
	is("map its end", vm_map(task, &at, 4 * P, 0, TRUE, object, 6 * P, FALSE, RW, VM_PROT_ALL, VM_INHERIT_SHARE), KERN_SUCCESS);
	is("write it", put(task, at + P, 5), KERN_SUCCESS);
	is("write behind it", put(task, at + 3 * P, 5), KERN_MEMORY_ERROR);
	r = look(task, at);
	is("its offset", r.offset, 6 * P);
	is("a copy of all", vm_map(task, &copy, 9 * P, 0, TRUE, object, 0, TRUE, RW, VM_PROT_ALL, VM_INHERIT_COPY), KERN_SUCCESS);
	is("what was written", get(task, copy + 7 * P), 5);
	is("write the object", put(task, at + P, 6), KERN_SUCCESS);
	is("the copy stays", get(task, copy + 7 * P), 5);
	is("write the copy", put(task, copy + 6 * P, 7), KERN_SUCCESS);
	is("the object stays", get(task, at), 0);
	is("map it all", vm_map(me, &third, 9 * P, 0, TRUE, object, 0, FALSE, R, R, VM_INHERIT_COPY), KERN_SUCCESS);
	is("it is shared", *(char *) (third + 7 * P), 6);
	is("misaligned offset", vm_map(task, &more, P, 0, TRUE, object, 1, FALSE, RW, VM_PROT_ALL, VM_INHERIT_COPY), KERN_INVALID_ARGUMENT);
	is("offset near 2^64", vm_map(task, &more, 2 * P, 0, TRUE, object, -P, FALSE, RW, VM_PROT_ALL, VM_INHERIT_COPY), KERN_INVALID_ARGUMENT);

	vm_offset_t zero = 0, two = 2 * P, size = 6 * P, much = ~0ul - P;
	is("a proxy", memory_object_create_proxy(me, R, &object, MACH_MSG_TYPE_COPY_SEND, 1, &zero, 1, &two, 1, &size, 1, &limited), KERN_SUCCESS);
	more = 0;
	is("map it", vm_map(task, &more, P, 0, TRUE, limited, 5 * P, FALSE, RW, VM_PROT_ALL, VM_INHERIT_SHARE), KERN_SUCCESS);
	is("from its start on", get(task, more), 6);
	is("no more than it allows", look(task, more).prot, R);
	is("ever", vm_protect(task, more, P, FALSE, RW), KERN_PROTECTION_FAILURE);
	is("deallocate", vm_deallocate(task, more, P), KERN_SUCCESS);
	is("behind its end", vm_map(task, &more, P, 0, TRUE, limited, 6 * P, FALSE, R, R, VM_INHERIT_SHARE), KERN_INVALID_ARGUMENT);
	is("a copy of it", vm_map(task, (more = 0, &more), P, 0, TRUE, limited, 5 * P, TRUE, RW, VM_PROT_ALL, VM_INHERIT_SHARE), KERN_SUCCESS);
	is("is written", put(task, more, 8), KERN_SUCCESS);
	is("deallocate", vm_deallocate(task, more, P), KERN_SUCCESS);
	mach_port_t inner = 0;
	is("a proxy of the proxy", memory_object_create_proxy(me, VM_PROT_ALL, &limited, MACH_MSG_TYPE_COPY_SEND, 1, &zero, 1, &two, 1, &two, 1, &inner), KERN_SUCCESS);
	is("map it", vm_map(task, (more = 0, &more), P, 0, TRUE, inner, P, FALSE, RW, VM_PROT_ALL, VM_INHERIT_SHARE), KERN_SUCCESS);
	is("the same page", get(task, more), 0);
	is("the same limits", look(task, more).max, R);
	is("deallocate", vm_deallocate(task, more, P), KERN_SUCCESS);
	is("release", mach_port_deallocate(me, inner), KERN_SUCCESS);
	is("a proxy of more than the proxy", memory_object_create_proxy(me, R, &limited, MACH_MSG_TYPE_COPY_SEND, 1, &zero, 1, &two, 1, &size, 1, &inner), KERN_INVALID_ARGUMENT);
	is("a proxy that overflows", memory_object_create_proxy(me, R, &object, MACH_MSG_TYPE_COPY_SEND, 1, &zero, 1, &two, 1, &much, 1, &inner), KERN_INVALID_ARGUMENT);
	is("of an unknown protection", memory_object_create_proxy(me, 64, &object, MACH_MSG_TYPE_COPY_SEND, 1, &zero, 1, &two, 1, &size, 1, &inner), KERN_INVALID_ARGUMENT);
	is("of an offset in it", memory_object_create_proxy(me, R, &object, MACH_MSG_TYPE_COPY_SEND, 1, &two, 1, &two, 1, &size, 1, &inner), KERN_INVALID_ARGUMENT);
	mach_port_t none = MACH_PORT_NULL;
	is("of no object", memory_object_create_proxy(me, R, &none, MACH_MSG_TYPE_COPY_SEND, 1, &zero, 1, &two, 1, &size, 1, &inner), KERN_INVALID_NAME);
	is("only of one", memory_object_create_proxy(me, R, &object, MACH_MSG_TYPE_COPY_SEND, 1, &zero, 1, &two, 1, &size, 0, &inner), KERN_INVALID_ARGUMENT);
	is("map only the proxy", mach_port_deallocate(me, object), KERN_SUCCESS);
	is("it holds the object", vm_map(task, (more = 0, &more), 6 * P, 0, TRUE, limited, 0, FALSE, R, R, VM_INHERIT_SHARE), KERN_SUCCESS);
	is("deallocate", vm_deallocate(task, at, 4 * P) + vm_deallocate(task, copy, 9 * P) + vm_deallocate(me, third, 9 * P), 0);
	is("with its contents", get(task, more + 5 * P), 6);
	is("release", mach_port_deallocate(me, limited), KERN_SUCCESS);
	is("still", get(task, more + 5 * P), 6);
	is("deallocate", vm_deallocate(task, more, 6 * P), KERN_SUCCESS);
	done(task == me ? "own objects" : "a child's objects");
}

/* Wired pages stay in their frames, whatever is done with their contents. */
static void wired(mach_port_t task)
{
	rpc_phys_addr_t room[256], *pages = room, first, last;
	mach_msg_type_number_t n = 256;
	mach_port_t child = 0;
	vm_address_t at = 0;
	vm_statistics_data_t before, after;

	is("allocate", vm_allocate(task, &at, 16 * P, TRUE), KERN_SUCCESS);
	is("statistics", vm_statistics(task, &before), KERN_SUCCESS);
	is("wire", vm_wire(priv, task, at, 16 * P, RW), KERN_SUCCESS);
	is("wire again", vm_wire(priv, task, at, 16 * P, RW), KERN_SUCCESS);
	is("statistics", vm_statistics(task, &after), KERN_SUCCESS);
	is("wired pages", after.wire_count - before.wire_count, 16);
	is("where they are", vm_pages_phys(priv, task, at, 16 * P, &pages, &n), KERN_SUCCESS);
	first = pages[0], last = pages[15];
	is("a child", task_create(task, TRUE, &child), KERN_SUCCESS);
	is("write", put(task, at, 1) + put(task, at + 15 * P, 2), 0);
	is("the child has what was there", get(child, at), 0);
	is("protect", vm_protect(task, at, 16 * P, FALSE, R), KERN_SUCCESS);
	is("protect back", vm_protect(task, at, 16 * P, FALSE, RW), KERN_SUCCESS);
	is("copy over it", vm_copy(task, at, 15 * P, at + P), KERN_SUCCESS);
	n = 256;
	is("where they are now", vm_pages_phys(priv, task, at, 16 * P, &pages, &n), KERN_SUCCESS);
	is("the first", pages[0], first);
	is("the last", pages[15], last);
	is("of a child nothing is wired", (vm_statistics(task, &after), after.wire_count - before.wire_count), 16);
	is("terminate", task_terminate(child), KERN_SUCCESS);
	is("release", mach_port_deallocate(me, child), KERN_SUCCESS);
	is("beyond all addresses", vm_wire(priv, task, HIGH, P, R), KERN_NO_SPACE);
	is("what cannot be written", (vm_protect(task, at, P, FALSE, R), vm_wire(priv, task, at, P, RW)), KERN_NO_SPACE);
	is("deallocate", vm_deallocate(task, at, 16 * P), KERN_SUCCESS);
	is("statistics", vm_statistics(task, &after), KERN_SUCCESS);
	is("wired pages", after.wire_count, before.wire_count);
	done(task == me ? "own wiring" : "a child's wiring");
}

/* A child gets of its parent's memory what each part's inheritance says. */
static void children(mach_port_t task)
{
	static const vm_inherit_t how[3] = {VM_INHERIT_SHARE, VM_INHERIT_COPY, VM_INHERIT_NONE};
	mach_port_t child = 0, grandchild = 0;
	vm_address_t at = 0;

	is("allocate", vm_allocate(task, &at, 9 * P, TRUE), KERN_SUCCESS);
	for (int i = 0; i < 3; i++)
		is("inherit", vm_inherit(task, at + 3 * i * P, 2 * P, how[i]) + put(task, at + 3 * i * P, 1), 0);
	is("no such inheritance", vm_inherit(task, at, P, 3), KERN_INVALID_ARGUMENT);
	is("protect", vm_protect(task, at, P, FALSE, R), KERN_SUCCESS);
	is("a child", task_create(task, TRUE, &child), KERN_SUCCESS);
	is("its shared page", get(child, at), 1);
	is("its protection", look(child, at).prot, R);
	is("it is shared", look(child, at).shared, TRUE);
	is("so is the parent's", look(task, at).shared, TRUE);
	is("written", put(task, at + P, 2) + put(child, at + 2 * P, 3), 0);
	is("here and there", get(child, at + P) == 2 && get(task, at + 2 * P) == 0, TRUE);
	is("its copy", get(child, at + 3 * P), 1);
	is("written", put(task, at + 3 * P, 4), KERN_SUCCESS);
	is("its copy stays", get(child, at + 3 * P), 1);
	is("what it has not", readable(child, at + 6 * P, 1), KERN_INVALID_ADDRESS);
	is("a child's child", task_create(child, TRUE, &grandchild), KERN_SUCCESS);
	is("it shares", (put(task, at + P, 5), get(grandchild, at + P)), 5);
	is("its copy", get(grandchild, at + 3 * P), 1);
	is("terminate", task_terminate(child) + task_terminate(grandchild), 0);
	is("release", mach_port_deallocate(me, child) + mach_port_deallocate(me, grandchild), 0);
	is("nothing of it is left", get(task, at + 3 * P), 4);
	is("deallocate", vm_deallocate(task, at, 9 * P), KERN_SUCCESS);
	done(task == me ? "own children" : "a child's children");
}

int main(int argc, char **argv)
{
	mach_port_t child = 0;

	me = task_self();
	pager = named(argc, argv, "--pager=");
	priv = named(argc, argv, "--host=");
	is("task_create", task_create(me, FALSE, &child), KERN_SUCCESS);
	for (int i = 0; i < 2; i++) {
		mach_port_t task = i == 0 ? me : child;

		placing(task);
		masks(task);
		protections(task);
		contents(task);
		objects(task);
		wired(task);
		children(task);
	}
	is("task_terminate", task_terminate(child), KERN_SUCCESS);
	is("no task", vm_deallocate(child, 0, P), MACH_SEND_INVALID_DEST);
	return all_right();
}
