/*
 * cgiant takes 1 GiB of contiguous memory, which is one page of the processor's where it has such pages, looks at it, and takes it apart. With --wait=1
 * it waits before that, for somebody to look at its page tables and kill it.
 *
 *	cgiant --wait=0 --host=${host-port}
 */
#include <mach/mach.h>
#include <mach/mig.h>

#include "check.h"
#include "gnumach.h"
#include "mach.h"
#include "mach_host.h"
#include "mach_port.h"

const char program[] = "cgiant";

#define PAGE 4096ul
#define GIANT ((vm_size_t) 1 << 30)

int main(int argc, char **argv)
{
	mach_port_t priv = named(argc, argv, "--host="), task = task_self();
	rpc_phys_addr_t p = 0, room[256], *pages = room;
	mach_msg_type_number_t n = 256;
	vm_address_t at = 0;
	mach_msg_header_t message;

	is("allocate_contiguous", vm_allocate_contiguous(priv, task, &at, &p, GIANT, 0, ~0ul, 0), KERN_SUCCESS);
	is("its address is aligned", at % GIANT, 0);
	is("its place is aligned", p % GIANT, 0);
	for (vm_size_t off = 0; off < GIANT; off += 2047 * PAGE) {
		is("it is zero", *(volatile long *) (at + off), 0);
		*(volatile long *) (at + off) = off + 1;
	}
	is("pages_phys", vm_pages_phys(priv, task, at + GIANT - PAGE, PAGE, &pages, &n), KERN_SUCCESS);
	is("the last page's place", pages[0], p + GIANT - PAGE);
	done("one page");
	print("cgiant: 1 GiB at %x\n", (long) at);
	if (named(argc, argv, "--wait="))
		mach_msg(&message, MACH_RCV_MSG, 0, sizeof message, mach_reply_port(), 0, MACH_PORT_NULL);

	is("a hole", vm_deallocate(task, at + 2047 * PAGE, PAGE), KERN_SUCCESS);
	is("protect", vm_protect(task, at + GIANT / 2, GIANT / 4, FALSE, VM_PROT_READ), KERN_SUCCESS);
	for (vm_size_t off = 0; off < GIANT; off += 2047 * PAGE)
		if (off != 2047 * PAGE)
			is("what was written", *(volatile long *) (at + off), off + 1);
	is("write before it", (*(volatile long *) (at + GIANT / 2 - PAGE) = 5, 5), 5);
	is("deallocate", vm_deallocate(task, at, GIANT), KERN_SUCCESS);
	done("pieces");
	return all_right();
}
