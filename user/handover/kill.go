package main

import (
	"encoding/binary"

	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// reads is machine code that reads a byte of each of RCX pages from RDI on.
const reads = "\x8a\x07" + // again: mov al, [rdi]
	"\x48\x81\xc7\x00\x10\x00\x00" + // add rdi, 4096
	"\x48\xff\xc9" + // dec rcx
	"\x75\xf2" // jnz again

// kill hands over to the other manager and ends its task while pages are on their way to its disk and from there: who waits is told, what it had is lost, page by
// page, and nothing else. The kernel's pager takes its place: when it is dead, or, with late, the moment before.
func (t *tester) kill(kernel mach.Name, late bool) {
	manager := t.otherTask()
	t.exchange(t.to)
	t.Must("default_pager_paging_file", wire.DefaultPagerPagingFile(t.Client, t.to, t.devices, []byte(t.whole), true))
	t.Is("pages before the end of the manager that are not as they were", t.wrong(1), 0)
	handler := t.NewPort()
	x := t.Thread(t.Task, reads, libmach.ThreadState{RDI: uint64(libmach.Address(t.memory)), RCX: uint64(len(t.versions))}, handler)
	t.Client.Sleep(30)
	if late {
		t.Is("the manager gives way", uint64(t.exchange(kernel)), uint64(t.to))
	}
	t.Check("task_terminate of the manager", t.Client.TaskTerminate(manager), mach.Success)
	t.Check("who waits for one of its pages", t.Raised(handler), mach.MemoryError)
	t.Check("thread_terminate", x.End(), mach.Success)
	if late {
		t.Is("the manager is the kernel's", uint64(t.exchange(mach.NameNull)), uint64(kernel))
	} else {
		t.Is("the manager is none", uint64(t.exchange(kernel)), 0)
	}

	lost, wrong := 0, uint64(0)
	for n := range t.versions {
		data, size, code := t.Client.VMRead(t.Task, libmach.Address(t.memory[n*page:]), page)
		switch code {
		case mach.Success:
			if line := t.line(n); string(libmach.Memory(data, size)[:len(line)]) != line {
				wrong++
			}
			t.Must("vm_deallocate", libmach.VMDeallocate(t.Task, data, size))
		case mach.MemoryError:
			lost++
		default:
			t.Check("vm_read", code, mach.Success)
		}
		t.progress(n, "looked for")
	}
	t.Holds("some pages are lost", lost > 0 && lost < len(t.versions)/2)
	t.Is("pages that are not lost and not as they were", wrong, 0)
	t.unmap(t.memory)
	t.memory = libmach.Memory(t.Pages(uint64(len(t.versions))), uint64(len(t.memory)))
	for n := range t.versions {
		t.write(n)
	}
	t.Is("pages written after that are not as they were", t.wrong(2), 0)
}

// otherTask is the one task beside this one.
func (t *tester) otherTask() (other mach.Name) {
	name, code := wire.ProcessorSetDefault(t.Client, libmach.HostSelf())
	t.Must("processor_set_default", code)
	set, code := wire.HostProcessorSetPriv(t.Client, t.host, name)
	t.Must("host_processor_set_priv", code)
	list, code := wire.ProcessorSetTasks(t.Client, set)
	t.Must("processor_set_tasks", code)
	for b := libmach.Memory(mach.VirtAddr(list.Pointer), uint64(list.Count)*4); len(b) != 0; b = b[4:] {
		if n := mach.Name(binary.LittleEndian.Uint32(b)); n != t.Task {
			other = n
		}
	}
	return other
}
