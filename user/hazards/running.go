package main

import (
	"encoding/binary"

	"defpager/mach"
	"defpager/user/libmach"
)

// stores is machine code that stores the byte of its first instruction at RSI for ever.
const stores = "\xc6\x06\x01" + // mov byte [rsi], 1
	"\xeb\xfb" // jmp back

// storedByte is where in it the byte is.
const storedByte = 2

// code overwrites machine code while it runs: in this task and in another one, on one page and on many at once, shared copy-on-write and not. Only
// memory that may be written is written, and what may be executed and not written stays so.
func (t *tester) code() {
	for _, own := range [...]bool{true, false} {
		task := t.Task
		if !own {
			task = t.child()
		}
		x := t.Thread(task, stores, libmach.ThreadState{}, mach.NameNull)
		at := x.Code()
		t.Holds("code runs", x.Becomes(1))
		t.Check("vm_write to code that may not be written", t.Write(task, at+storedByte, 2), mach.ProtectionFailure)
		t.Holds("and it is as it was", x.Becomes(1))

		t.Check("vm_protect for all", t.Client.VMProtect(task, at, mach.PageSize, false, mach.ProtAll), mach.Success)
		t.Check("vm_write to running code", t.Write(task, at+storedByte, 3), mach.Success)
		t.Holds("its next instruction is the new one", x.Becomes(3))

		t.Check("thread_suspend", t.Client.ThreadSuspend(x.Name), mach.Success)
		t.Check("vm_protect to write only", t.Client.VMProtect(task, at, mach.PageSize, false, mach.ProtDefault), mach.Success)
		t.Check("vm_write to code that may not run", t.Write(task, at+storedByte, 4), mach.Success)
		t.Check("vm_protect to run only", t.Client.VMProtect(task, at, mach.PageSize, false, mach.ProtRead|mach.ProtExecute), mach.Success)
		t.Check("thread_resume", t.Client.ThreadResume(x.Name), mach.Success)
		t.Holds("it runs what was written", x.Becomes(4))
		handler := libmach.ReplyPort()
		p := t.ProbeIn(task, at+storedByte, true, handler)
		t.Check("and cannot be written by a thread", t.Raised(handler), mach.ProtectionFailure)
		t.Check("thread_terminate", p.End(), mach.Success)
		t.Check("thread_terminate", x.End(), mach.Success)
		t.Destroy(handler)
		t.manyPages(task)
		if !own {
			t.kill(task)
		}
	}
}

// manyPages has vm_write put pages of its own, copy-on-write, in the place of code that runs; and the code in a copy of the task stays as it was.
func (t *tester) manyPages(task mach.Name) {
	const pages = 16
	at, ret := t.Client.VMAllocate(task, 0, pages*mach.PageSize, true)
	t.Must("vm_allocate", ret)
	from := t.Pages(pages)
	source := libmach.Memory(from, pages*mach.PageSize)
	write := func(b byte) mach.Return {
		copy(source, stores)
		source[storedByte] = b
		source[len(source)-1] = b
		return t.Client.VMWrite(task, at, from, pages*mach.PageSize)
	}
	t.Must("vm_write", write(5))
	t.Check("vm_protect for all", t.Client.VMProtect(task, at, pages*mach.PageSize, false, mach.ProtAll), mach.Success)
	x := t.Thread(task, "\xff\xe7", libmach.ThreadState{RDI: uint64(at)}, mach.NameNull) // jmp rdi
	t.Holds("code of many pages runs", x.Becomes(5))
	copied, ret := t.Client.TaskCreate(task, true)
	t.Check("task_create with a copy of it", ret, mach.Success)
	t.Check("vm_write of many pages to running code", write(6), mach.Success)
	t.Holds("the instructions are the new ones", x.Becomes(6))
	b, ret := t.Peek(copied, at+storedByte)
	t.Check("vm_read of the copy", ret, mach.Success)
	t.Holds("the copy is as it was", b == 5)
	source[storedByte] = 7
	b, _ = t.Peek(task, at+storedByte)
	t.Holds("what was written is not the writer's memory", b == 6)
	t.kill(copied)
	t.Check("thread_terminate", x.End(), mach.Success)
	t.Must("vm_deallocate", t.Client.VMDeallocate(task, at, pages*mach.PageSize))
	t.Unmap(from, pages*mach.PageSize)
}

const countedPages = 16

// counting is machine code that counts up the first word of each page from RDI on, one after the other, for ever, and in RAX how often.
func counting() string {
	code := []byte("\x48\xff\xc0") // again: inc rax
	for i := range uint32(countedPages) {
		code = append(code, 0x48, 0xff, 0x87) // inc qword [rdi+i*PageSize]
		code = binary.LittleEndian.AppendUint32(code, i*mach.PageSize)
	}
	code = append(code, 0xe9) // jmp again
	code = binary.LittleEndian.AppendUint32(code, uint32(-(len(code) + 4)))
	return string(code)
}

// forks copies this task while one of its threads counts up the first word of many pages, one page after the other: a copy shows all of them at the
// same moment, stays as it is, and no count is lost.
func (t *tester) forks() {
	const pages, rounds = countedPages, 24
	at := t.Pages(pages)
	x := t.Thread(t.Task, t.counting, libmach.ThreadState{RDI: uint64(at)}, mach.NameNull)
	word := func(b []byte, page uint64) uint64 { return binary.LittleEndian.Uint64(b[page*mach.PageSize:]) }
	moment := func(b []byte) bool {
		ok := word(b, 0)-word(b, pages-1) <= 1
		for i := uint64(1); i < pages; i++ {
			ok = ok && word(b, i-1) >= word(b, i)
		}
		return ok
	}
	moments, advances, stays := true, true, true
	last := uint64(0)
	for range rounds {
		for before := word(libmach.Memory(at, mach.PageSize), 0); word(libmach.Memory(at, mach.PageSize), 0) == before; {
			t.Client.Sleep(1)
		}
		child, ret := t.Client.TaskCreate(t.Task, true)
		t.Must("task_create", ret)
		first, size, ret := t.Client.VMRead(child, at, pages*mach.PageSize)
		t.Must("vm_read", ret)
		b := libmach.Memory(first, size)
		moments = moments && moment(b)
		advances = advances && word(b, 0) > last
		last = word(b, 0)
		t.Client.Sleep(1)
		again, size, ret := t.Client.VMRead(child, at, pages*mach.PageSize)
		t.Must("vm_read", ret)
		for i := range uint64(pages) {
			stays = stays && word(libmach.Memory(again, size), i) == word(b, i)
		}
		t.Unmap(first, size)
		t.Unmap(again, size)
		t.Must("task_terminate", t.Client.TaskTerminate(child))
		t.Drop(child)
	}
	t.Holds("a copy of a task shows one moment", moments)
	t.Holds("and another one each time", advances)
	t.Holds("and stays as it is", stays)
	t.Check("thread_suspend", t.Client.ThreadSuspend(x.Name), mach.Success)
	state, ret := t.Client.ThreadGetState(x.Name)
	t.Check("thread_get_state", ret, mach.Success)
	b := libmach.Memory(at, pages*mach.PageSize)
	t.Holds("no write is lost", moment(b) && (state.RAX == word(b, 0) || state.RAX == word(b, 0)+1))
	t.Check("thread_terminate", x.End(), mach.Success)
	t.Unmap(at, pages*mach.PageSize)
}
