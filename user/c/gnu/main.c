/*
 * cgnu makes the calls that GNU Mach added to Mach: proxies, wired and contiguous memory, limits, waiting on words of memory, what the kernel's
 * structures hold, the device "time". Each line it prints says how many checks of a kind were right.
 *
 *	cgnu --host=${host-port} --devices=${device-port}
 */
#include <mach/mach.h>
#include <mach/mig.h>

#include <mach_debug/mach_debug_types.h>

#include "check.h"
#include "default_pager.h"
#include "device.h"
#include "gnumach.h"
#include "mach.h"
#include "mach4.h"
#include "mach_debug.h"
#include "mach_host.h"
#include "mach_port.h"

const char program[] = "cgnu";

#define KB 1024ul
#define MB (1024 * KB)

static void wiring(mach_port_t priv)
{
	mach_port_t task = task_self(), name = mach_host_self();
	vm_address_t at = 0;
	vm_statistics_data_t before, after;

	is("vm_allocate", vm_allocate(task, &at, 16 * MB, TRUE), KERN_SUCCESS);
	is("statistics", vm_statistics(task, &before), KERN_SUCCESS);
	is("vm_wire", vm_wire(priv, task, at, 64 * KB, VM_PROT_DEFAULT), KERN_SUCCESS);
	is("statistics again", vm_statistics(task, &after), KERN_SUCCESS);
	is("wired pages", after.wire_count - before.wire_count, 16);
	is("it is zero", *(volatile long *) (at + 60 * KB), 0);
	is("vm_wire by the name port", vm_wire(name, task, at, 128 * KB, VM_PROT_READ), KERN_SUCCESS);
	is("too much by the name port", vm_wire(name, task, at, 9 * MB, VM_PROT_READ), KERN_NO_ACCESS);
	is("with a bad protection", vm_wire(priv, task, at, 4096, 64), KERN_INVALID_ARGUMENT);
	is("of no task", vm_wire(priv, priv, at, 4096, VM_PROT_READ), KERN_INVALID_TASK);
	is("of the null task", vm_wire(priv, MACH_PORT_NULL, at, 4096, VM_PROT_READ), KERN_INVALID_TASK);
	is("by no host", vm_wire(task, task, at, 4096, VM_PROT_READ), KERN_INVALID_HOST);
	is("of nothing", vm_wire(priv, task, at + 16 * MB - 4096, 8192, VM_PROT_READ), KERN_NO_SPACE);
	is("vm_wire to let go", vm_wire(name, task, at, 16 * MB, VM_PROT_NONE), KERN_SUCCESS);
	is("statistics in the end", vm_statistics(task, &after), KERN_SUCCESS);
	is("wired pages in the end", after.wire_count, before.wire_count);
	is("vm_deallocate", vm_deallocate(task, at, 16 * MB), KERN_SUCCESS);
	is("vm_wire_all", vm_wire_all(priv, task, VM_WIRE_ALL), KERN_SUCCESS);
	is("memory wired as it comes", vm_allocate(task, &at, 64 * KB, TRUE), KERN_SUCCESS);
	is("statistics", vm_statistics(task, &after), KERN_SUCCESS);
	is("all wired pages", after.wire_count >= before.wire_count + 16 + 4, TRUE);
	is("vm_wire_all with bad flags", vm_wire_all(priv, task, 4), KERN_INVALID_ARGUMENT);
	is("vm_wire_all by the name port", vm_wire_all(name, task, VM_WIRE_ALL), KERN_NO_ACCESS);
	is("vm_wire_all of no task", vm_wire_all(priv, name, VM_WIRE_ALL), KERN_INVALID_TASK);
	is("vm_wire_all to let go", vm_wire_all(priv, task, VM_WIRE_NONE), KERN_SUCCESS);
	is("statistics", vm_statistics(task, &after), KERN_SUCCESS);
	is("no wired pages", after.wire_count, before.wire_count);
	is("vm_deallocate", vm_deallocate(task, at, 64 * KB), KERN_SUCCESS);
	done("wiring");
}

static void limits(mach_port_t priv)
{
	mach_port_t task = task_self(), name = mach_host_self();
	vm_address_t at = 0, more = 0;
	vm_size_t now = 0, most = 0;

	is("get_size_limit", vm_get_size_limit(task, &now, &most), KERN_SUCCESS);
	is("no limit", now == most && most > ((vm_size_t) 1 << 46), TRUE);
	is("lower it", vm_set_size_limit(name, task, 128 * MB, 512 * MB), KERN_SUCCESS);
	is("get it", vm_get_size_limit(task, &now, &most), KERN_SUCCESS);
	is("the limit", now, 128 * MB);
	is("its maximum", most, 512 * MB);
	is("raise the maximum", vm_set_size_limit(name, task, 128 * MB, 1024 * MB), KERN_NO_ACCESS);
	is("more than the maximum", vm_set_size_limit(priv, task, 1024 * MB, 512 * MB), KERN_INVALID_ARGUMENT);
	is("of no task", vm_set_size_limit(priv, name, 1, 2), KERN_INVALID_TASK);
	is("allocate below it", vm_allocate(task, &at, 128 * KB, TRUE), KERN_SUCCESS);
	is("allocate beyond it", vm_allocate(task, &more, 128 * MB, TRUE), KERN_NO_SPACE);
	is("addresses alone", vm_map(task, &more, 1024 * MB, 0, TRUE, MACH_PORT_NULL, 0, TRUE, VM_PROT_NONE, VM_PROT_NONE, VM_INHERIT_COPY), KERN_SUCCESS);
	is("which stay so", vm_protect(task, more, 1024 * MB, TRUE, VM_PROT_ALL), KERN_PROTECTION_FAILURE);
	is("vm_deallocate", vm_deallocate(task, more, 1024 * MB), KERN_SUCCESS);
	is("raise both", vm_set_size_limit(priv, task, 1024 * MB, 2048 * MB), KERN_SUCCESS);
	is("allocate now", vm_allocate(task, &more, 768 * MB, TRUE), KERN_SUCCESS);
	is("no more", vm_allocate(task, &more, 768 * MB, TRUE), KERN_NO_SPACE);
	is("make it inaccessible", vm_protect(task, more, 768 * MB, TRUE, VM_PROT_NONE), KERN_SUCCESS);
	is("then it does not count", vm_allocate(task, &at, 768 * MB, TRUE), KERN_SUCCESS);
	is("vm_deallocate", vm_deallocate(task, at, 768 * MB), KERN_SUCCESS);
	is("vm_deallocate", vm_deallocate(task, more, 768 * MB), KERN_SUCCESS);
	is("no limit again", vm_set_size_limit(priv, task, ~0ul, ~0ul), KERN_SUCCESS);
	done("limits");
}

static void contiguous(mach_port_t priv)
{
	mach_port_t task = task_self(), name = mach_host_self();
	vm_address_t at = 0;
	rpc_phys_addr_t p = 0, room[256], *pages = room;
	mach_msg_type_number_t n = 256;

	is("allocate_contiguous", vm_allocate_contiguous(priv, task, &at, &p, 48 * KB, 16 * MB, 64 * MB, 64 * KB), KERN_SUCCESS);
	is("not too low", p >= 16 * MB && p + 48 * KB <= 64 * MB, TRUE);
	is("aligned", p % (64 * KB), 0);
	for (long i = 0; i < 48 * 128; i++)
		if (((long *) at)[i] != 0)
			is("a word of it", ((long *) at)[i], 0);
	((long *) at)[0] = 1;
	is("pages_phys", vm_pages_phys(priv, task, at, 48 * KB, &pages, &n), KERN_SUCCESS);
	is("its pages", n, 12);
	for (unsigned i = 0; i < n; i++)
		is("a page's address", pages[i], p + 4096 * i);
	is("by the name port", vm_allocate_contiguous(name, task, &at, &p, 4096, 0, ~0ul, 0), KERN_INVALID_HOST);
	is("pages_phys by the name port", vm_pages_phys(name, task, at, 4096, &pages, &n), KERN_INVALID_HOST);
	is("with a bad alignment", vm_allocate_contiguous(priv, task, &p, &p, 4096, 0, ~0ul, 12345), KERN_INVALID_ARGUMENT);
	is("where no memory is", vm_allocate_contiguous(priv, task, &p, &p, 4096, 0, 4096, 0), KERN_RESOURCE_SHORTAGE);
	is("more than there is", vm_allocate_contiguous(priv, task, &p, &p, 1ul << 40, 0, ~0ul, 0), KERN_RESOURCE_SHORTAGE);
	is("vm_deallocate", vm_deallocate(task, at, 48 * KB), KERN_SUCCESS);
	n = 256;
	is("pages_phys of nothing", vm_pages_phys(priv, task, at, 4096, &pages, &n), KERN_SUCCESS);
	is("no page", pages[0], ~0ul);
	is("allocate", vm_allocate(task, &at, 4 * MB, TRUE), KERN_SUCCESS);
	n = 256;
	is("pages_phys of many", vm_pages_phys(priv, task, at, 4 * MB, &pages, &n), KERN_SUCCESS);
	is("pages", n, 1024);
	is("elsewhere than the room for few", pages != room, TRUE);
	is("none is there yet", pages[1023], ~0ul);
	is("vm_deallocate", vm_deallocate(task, (vm_address_t) pages, 8192), KERN_SUCCESS);
	is("vm_deallocate", vm_deallocate(task, at, 4 * MB), KERN_SUCCESS);
	done("contiguous memory");
}

static void proxies(void)
{
	mach_port_t task = task_self(), proxy = 0;
	vm_address_t at = 0, view = 0, more = 0;

	is("vm_allocate", vm_allocate(task, &at, 16 * KB, TRUE), KERN_SUCCESS);
	*(volatile long *) (at + 8192) = 42;
	is("region_create_proxy", vm_region_create_proxy(task, at + 4096, VM_PROT_READ, 8192, &proxy), KERN_SUCCESS);
	is("map it", vm_map(task, &view, 8192, 0, TRUE, proxy, 0, FALSE, VM_PROT_READ, VM_PROT_READ, VM_INHERIT_SHARE), KERN_SUCCESS);
	is("what was there", *(volatile long *) (view + 4096), 42);
	*(volatile long *) (at + 8192) = 43;
	is("what is written later", *(volatile long *) (view + 4096), 43);
	is("no writing", vm_protect(task, view, 8192, FALSE, VM_PROT_DEFAULT), KERN_PROTECTION_FAILURE);
	is("not beyond it", vm_map(task, &more, 12288, 0, TRUE, proxy, 0, FALSE, VM_PROT_READ, VM_PROT_READ, VM_INHERIT_SHARE), KERN_INVALID_ARGUMENT);
	is("of nothing", vm_region_create_proxy(task, 4096, VM_PROT_READ, 8192, &proxy), KERN_INVALID_ARGUMENT);
	is("of more than is there", vm_region_create_proxy(task, at, VM_PROT_READ, 1024 * MB, &proxy), KERN_INVALID_ARGUMENT);
	is("with a bad protection", vm_region_create_proxy(task, at, 99, 4096, &proxy), KERN_INVALID_ARGUMENT);
	is("vm_deallocate", vm_deallocate(task, at, 16 * KB), KERN_SUCCESS);
	is("it stays", *(volatile long *) (view + 4096), 43);
	is("vm_deallocate", vm_deallocate(task, view, 8192), KERN_SUCCESS);
	is("release the proxy", mach_port_deallocate(task, proxy), KERN_SUCCESS);
	done("proxies");
}

static volatile unsigned word, woken;
static char stack[16384];

/* A second thread, which wakes the first by writing the word. The answer to the call that it makes before must not go to the first, which waits for its own. */
static kern_return_t answered = -1;
static mach_port_type_t told;

static void waker(void)
{
	answered = mach_port_type(task_self(), task_self(), &told);
	gsync_wake(task_self(), (vm_address_t) &word, 7, GSYNC_MUTATE | GSYNC_BROADCAST);
	woken = 1;
	for (;;)
		swtch_pri(0);
}

static mach_port_t start(void (*f)(void))
{
	natural_t state[42];
	mach_msg_type_number_t n = 42;
	mach_port_t thread = 0;

	is("thread_create", thread_create(task_self(), &thread), KERN_SUCCESS);
	is("thread_get_state", thread_get_state(thread, 1, state, &n), KERN_SUCCESS);
	*(uint64_t *) &state[2 * 16] = (uint64_t) f;
	*(uint64_t *) &state[2 * 19] = (uint64_t) (stack + sizeof stack - 8);
	is("thread_set_state", thread_set_state(thread, 1, state, n), KERN_SUCCESS);
	return thread;
}

static void waiting(void)
{
	mach_port_t task = task_self(), thread = start(waker);
	vm_address_t at = (vm_address_t) &word;

	is("wait with a time", gsync_wait(task, at, 0, 0, 20, GSYNC_TIMED), KERN_TIMEDOUT);
	is("wait for another value", gsync_wait(task, at, 1, 0, 20, GSYNC_TIMED), KERN_INVALID_ARGUMENT);
	is("wait for nothing's value", gsync_wait(task, 4096, 0, 0, 20, GSYNC_TIMED), KERN_INVALID_ADDRESS);
	is("wait for half a word's", gsync_wait(task, at + 2, 0, 0, 20, GSYNC_TIMED), KERN_INVALID_ADDRESS);
	is("wake nobody, and write", gsync_wake(task, at, 5, GSYNC_MUTATE), KERN_SUCCESS);
	is("the word", word, 5);
	is("requeue nobody", gsync_requeue(task, at, at + 4, TRUE, GSYNC_BROADCAST), KERN_SUCCESS);
	is("thread_resume", thread_resume(thread), KERN_SUCCESS);
	is("wait", gsync_wait(task, at, 5, 0, 0, 0), KERN_SUCCESS);
	is("the word that woke", word, 7);
	for (int i = 0; i < 1000 && !woken; i++)
		swtch_pri(0);
	is("the waker went on", woken, 1);
	is("its call meanwhile", answered, KERN_SUCCESS);
	is("what that told", told, MACH_PORT_TYPE(MACH_PORT_RIGHT_SEND));
	is("thread_terminate", thread_terminate(thread), KERN_SUCCESS);
	done("waiting");
}

/* What mach_debug tells: of rights, regions, objects with their pages, and the kernel's structures. */
static void inside(mach_port_t priv)
{
	enum { PAGES = 100 };
	mach_port_t task = task_self(), port = mach_reply_port(), pager = 0, object = 0, name = 0, shadow = 0, copy = 0;
	mach_port_rights_t rights = 99;
	unsigned total = 99, used = 99, kind = 99;
	vm_offset_t number = 0;
	vm_address_t at = 0;
	vm_region_info_t region;
	vm_object_info_t info;
	vm_page_info_t room[64], *pages = room;
	vm_page_phys_info_t *phys = 0;
	cache_info_t few[1], *caches = few;
	mach_msg_type_number_t n = 64;

	is("get_srights", mach_port_get_srights(task, port, &rights), KERN_SUCCESS);
	is("none", rights, 0);
	is("get_srights of a send right", mach_port_get_srights(task, task, &rights), KERN_INVALID_RIGHT);
	is("dnrequest_info", mach_port_dnrequest_info(task, port, &total, &used), KERN_SUCCESS);
	is("no requests", used, 0);
	is("kernel_object", mach_port_kernel_object(task, task, &kind, &number), KERN_SUCCESS);
	is("a task", kind, 2);
	is("kernel_object of a port", mach_port_kernel_object(task, port, &kind, &number), KERN_SUCCESS);
	is("nothing", kind, 0);
	is("kernel_object of no name", mach_port_kernel_object(task, 99999, &kind, &number), KERN_INVALID_NAME);

	is("the default manager", vm_set_default_memory_manager(priv, &pager), KERN_SUCCESS);
	is("object_create", default_pager_object_create(pager, &object, PAGES * 4096), KERN_SUCCESS);
	is("kernel_object of an object", mach_port_kernel_object(task, object, &kind, &number), KERN_SUCCESS);
	is("vm_map", vm_map(task, &at, PAGES * 4096, 0, TRUE, object, 0, FALSE, VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_NONE), KERN_SUCCESS);
	*(volatile long *) (at + 4096) = 1;
	is("region_info", mach_vm_region_info(task, at + 5000, &region, &name), KERN_SUCCESS);
	is("its start", region.vri_start, at);
	is("its end", region.vri_end, at + PAGES * 4096);
	is("its protection", region.vri_protection, VM_PROT_DEFAULT);
	is("its maximum", region.vri_max_protection, VM_PROT_ALL);
	is("its inheritance", region.vri_inheritance, VM_INHERIT_NONE);
	is("not wired", region.vri_wired_count, 0);
	is("not copy-on-write", region.vri_needs_copy, FALSE);
	is("its offset", region.vri_offset, 0);
	is("region_info behind all", mach_vm_region_info(task, ~0ul, &region, &name), KERN_NO_SPACE);
	is("region_info of no task", mach_vm_region_info(priv, at, &region, &name), KERN_INVALID_TASK);

	is("object_info", mach_vm_object_info(object, &info, &shadow, &copy), KERN_SUCCESS);
	is("the same object", info.voi_object, region.vri_object);
	is("its size", info.voi_size, PAGES * 4096);
	is("its pages", info.voi_pagesize, 4096);
	is("those in frames", info.voi_resident_page_count >= 1 && info.voi_resident_page_count <= PAGES, TRUE);
	is("no manager, and alive", info.voi_state, VOI_STATE_INTERNAL | VOI_STATE_TEMPORARY | VOI_STATE_ALIVE);
	is("no shadow, no copy", shadow | copy, MACH_PORT_NULL);
	is("object_info of no object", mach_vm_object_info(task, &info, &shadow, &copy), KERN_INVALID_ARGUMENT);

	for (int i = 0; i < PAGES; i++)
		*(volatile long *) (at + i * 4096) = i;
	is("wire a page", vm_wire(priv, task, at + 4096, 4096, VM_PROT_READ), KERN_SUCCESS);
	is("object_pages", mach_vm_object_pages(object, &pages, &n), KERN_SUCCESS);
	is("all of them", n, PAGES);
	is("elsewhere than the room for few", pages != room, TRUE);
	for (int i = 0; i < PAGES; i++) {
		rpc_phys_addr_t frames[1], *frame = frames;

		n = 1;
		vm_pages_phys(priv, task, at + i * 4096, 4096, &frame, &n);
		if (pages[i].vpi_offset != i * 4096ul || pages[i].vpi_phys_addr != frame[0] || pages[i].vpi_wire_count != (i == 1) || pages[i].vpi_state != VPI_STATE_TABLED)
			is("a page", i, -1);
	}
	is("vm_deallocate", vm_deallocate(task, (vm_address_t) pages, PAGES * sizeof *pages), KERN_SUCCESS);
	n = 0;
	is("object_pages_phys", mach_vm_object_pages_phys(object, &phys, &n), KERN_SUCCESS);
	is("as many", n, PAGES);
	is("the last one's offset", phys[PAGES - 1].vpi_offset, (PAGES - 1) * 4096);
	is("vm_deallocate", vm_deallocate(task, (vm_address_t) phys, PAGES * sizeof *phys), KERN_SUCCESS);

	n = 1;
	is("slab_info", host_slab_info(mach_host_self(), &caches, &n), KERN_SUCCESS);
	is("several kinds", n > 5 && caches != few, TRUE);
	for (unsigned i = 0; i < n; i++)
		if (caches[i].nr_objs > caches[i].nr_bufs || caches[i].nr_bufs != caches[i].nr_slabs * caches[i].bufs_per_slab || caches[i].slab_size != 4096 || !caches[i].name[0])
			is("a kind", i, -1);
	is("vm_deallocate", vm_deallocate(task, (vm_address_t) caches, n * sizeof *caches), KERN_SUCCESS);
	is("slab_info of no host", host_slab_info(task, &caches, &n), KERN_INVALID_HOST);

	is("vm_deallocate", vm_deallocate(task, at, PAGES * 4096), KERN_SUCCESS);
	is("release the object", mach_port_deallocate(task, object), KERN_SUCCESS);
	is("release the pager", mach_port_deallocate(task, pager), KERN_SUCCESS);
	is("destroy the port", mach_port_mod_refs(task, port, 1, -1), KERN_SUCCESS);
	done("inside");
}

static void attributes(void)
{
	mach_port_t task = task_self();
	vm_address_t at = 0;
	vm_machine_attribute_val_t value = MATTR_VAL_CACHE_FLUSH;
	vm_cache_statistics_data_t cache;

	is("vm_allocate", vm_allocate(task, &at, 4096, TRUE), KERN_SUCCESS);
	is("flush the caches", vm_machine_attribute(task, at, 4096, MATTR_CACHE, &value), KERN_SUCCESS);
	value = MATTR_VAL_GET;
	is("get", vm_machine_attribute(task, at, 4096, MATTR_CACHE, &value), KERN_SUCCESS);
	is("they are on", value, MATTR_VAL_ON);
	value = MATTR_VAL_OFF;
	is("switch them off", vm_machine_attribute(task, at, 4096, MATTR_CACHE, &value), KERN_INVALID_ARGUMENT);
	value = MATTR_VAL_GET;
	is("of nothing", vm_machine_attribute(task, 4096, 4096, MATTR_CACHE, &value), KERN_INVALID_ADDRESS);
	is("msync", vm_msync(task, at, 4096, VM_SYNC_SYNCHRONOUS), KERN_SUCCESS);
	is("msync of no bytes", vm_msync(task, 0, 0, VM_SYNC_ASYNCHRONOUS), KERN_SUCCESS);
	is("msync of nothing", vm_msync(task, 4096, 4096, VM_SYNC_ASYNCHRONOUS), KERN_INVALID_ADDRESS);
	is("msync both ways", vm_msync(task, at, 4096, VM_SYNC_SYNCHRONOUS | VM_SYNC_ASYNCHRONOUS), KERN_INVALID_ARGUMENT);
	is("cache_statistics", vm_cache_statistics(task, &cache), KERN_SUCCESS);
	is("pages without a manager", cache.words[2] > 0, TRUE);
	is("vm_deallocate", vm_deallocate(task, at, 4096), KERN_SUCCESS);
	done("attributes");
}

static void clock(mach_port_t devices)
{
	static dev_name_t time = "time", disk = "disk";
	mach_port_t task = task_self(), device = 0, memory = 0;
	volatile mapped_time_value_t *now = 0;
	time_value_t asked;
	integer_t seconds, micros;

	is("device_open", device_open(devices, 0, time, &device), KERN_SUCCESS);
	is("another device", device_open(devices, 0, disk, &memory), 2502);
	is("device_map", device_map(device, VM_PROT_READ, 0, sizeof *now, &memory, 0), KERN_SUCCESS);
	is("to write", device_map(device, VM_PROT_WRITE, 0, sizeof *now, &memory, 0), KERN_INVALID_ARGUMENT);
	is("vm_map", vm_map(task, (vm_address_t *) &now, sizeof *now, 0, TRUE, memory, 0, FALSE, VM_PROT_READ, VM_PROT_READ, VM_INHERIT_NONE), KERN_SUCCESS);
	do {
		seconds = now->seconds;
		__sync_synchronize();
		micros = now->microseconds;
		__sync_synchronize();
	} while (seconds != now->check_seconds);
	is("host_get_time", host_get_time(mach_host_self(), &asked), KERN_SUCCESS);
	is("the seconds", asked.seconds - seconds <= 1, TRUE);
	is("the microseconds", micros >= 0 && micros < 1000000, TRUE);
	is("device_close", device_close(device), KERN_SUCCESS);
	is("release the device", mach_port_deallocate(task, device), KERN_SUCCESS);
	is("release its memory", mach_port_deallocate(task, memory), KERN_SUCCESS);
	is("vm_deallocate", vm_deallocate(task, (vm_address_t) now, sizeof *now), KERN_SUCCESS);
	done("clock");
}

static void console(mach_port_t devices)
{
	static dev_name_t name = "console";
	static char text[] = "cgnu: a line for the console\n", got[128];
	mach_port_t device = 0;
	mach_msg_type_number_t count = sizeof got;
	vm_offset_t data = 0;
	int written = 0;

	is("device_open", device_open(devices, 0, name, &device), KERN_SUCCESS);
	is("device_write_inband", device_write_inband(device, 0, 0, text, 29, &written), KERN_SUCCESS);
	is("bytes written", written, 29);
	is("device_write", device_write(device, 0, 0, (vm_offset_t) text, 29, &written), KERN_SUCCESS);
	is("bytes written", written, 29);
	is("device_read", device_read(device, 0, 0, 29, &data, &count), 2505);
	is("device_read_inband", device_read_inband(device, 0, 0, 29, got, &count), 2505);
	is("release the device", mach_port_deallocate(task_self(), device), KERN_SUCCESS);
	done("console");
}

int main(int argc, char **argv)
{
	mach_port_t priv = named(argc, argv, "--host="), devices = named(argc, argv, "--devices=");

	wiring(priv);
	limits(priv);
	contiguous(priv);
	proxies();
	waiting();
	inside(priv);
	attributes();
	clock(devices);
	console(devices);
	return all_right();
}
