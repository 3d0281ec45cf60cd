package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"defpager/mach"
	"defpager/user/libmach"
)

// file maps a file, changes it, and finds the change when it maps it again.
func (t *tester) file(object mach.Name, size uint64) {
	pages := mach.Pages(size).Bytes()
	at, file := t.Mapped(object, pages+mach.PageSize)
	fmt.Printf("managers: the file's checksum is %08x\n", crc32.ChecksumIEEE(file[:size]))
	t.Check("a byte behind the file", t.Readable(at+mach.VirtAddr(pages)), mach.MemoryError)
	last := file[size-1]
	for i := range mach.Pages(size) {
		file[i.Bytes()] ^= 0xff
	}
	sum := crc32.ChecksumIEEE(file[:size])
	t.Unmap(at, pages+mach.PageSize)

	at, file = t.Mapped(object, pages)
	t.Holds("what was written to the file is in it", crc32.ChecksumIEEE(file[:size]) == sum && file[size-1] == last)
	// A copy is the task's own: nothing of it comes back.
	private, ret := t.Client.VMMap(t.Task, libmach.Map{
		Size: pages, Anywhere: true, Object: object, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy,
	})
	t.Check("vm_map of a copy", ret, mach.Success)
	if ret == mach.Success {
		mine := libmach.Memory(private, pages)
		mine[1]++
		t.Holds("a write to a copy is not in the file", mine[1] == file[1]+1 && crc32.ChecksumIEEE(file[:size]) == sum)
		file[2]++
		t.Holds("a write to the file is not in a copy", mine[2] == file[2]-1)
		t.Unmap(private, pages)
	}
	t.Unmap(at, pages)
}

// squares looks into an endless table.
func (t *tester) squares(object mach.Name) {
	const size = 64 << 30
	at, table := t.Mapped(object, size)
	for _, i := range []uint64{0, 7, 511, 512, 1_000_000, size/8 - 1} {
		t.Holds(fmt.Sprintf("the square of %d", i), binary.LittleEndian.Uint64(table[8*i:]) == i*i)
	}
	t.Check("a square is written", t.Write(t.Task, at, 1), mach.MemoryError)
	t.Holds("and stays", binary.LittleEndian.Uint64(table[8*7:]) == 49)
	t.Unmap(at, size)
}

// log makes the requests that logpager tells.
func (t *tester) log(object mach.Name) {
	const size = 4 * mach.PageSize
	at, memory := t.Mapped(object, size)
	memory[0] = 0x2a                           // a write to what was never there
	t.Holds("a new page", memory[3*4096] == 0) // a read
	data, n, ret := t.Client.VMRead(t.Task, at, size)
	t.Check("vm_read", ret, mach.Success)
	t.Unmap(data, n)
	t.Unmap(at, size)
	at, memory = t.Mapped(object, size)
	t.Holds("what was returned", memory[0] == 0x2a)
	t.Unmap(at, size)
}

// track shares memory with another task, and asks which pages the two have written.
func (t *tester) track(object, questions mach.Name) {
	const trackCollect mach.MsgID = 7000
	collect := func(name string, want uint64) {
		t.Client.Request()
		r, ret := t.Client.Call(questions, trackCollect)
		if got := r.Uint64(); ret == mach.Success && got != want {
			fmt.Printf("managers: pages %#b, not %#b\n", got, want)
			ret = mach.Failure
		}
		t.Check(name, ret, mach.Success)
	}
	const size = 8 * mach.PageSize
	at, memory := t.Mapped(object, size)
	child, ret := t.Client.TaskCreate(t.Task, false)
	t.Must("task_create", ret)
	there, ret := t.Client.VMMap(child, libmach.Map{
		Size: size, Anywhere: true, Object: object, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare,
	})
	t.Check("vm_map into another task", ret, mach.Success)
	collect("nothing is written yet", 0)
	memory[0], memory[3*mach.PageSize] = 1, 2
	t.Check("the other task writes", t.Write(child, there+5*mach.PageSize, 3), mach.Success)
	t.Check("the other task writes where this one did", t.Write(child, there+1, 4), mach.Success)
	t.Holds("both see it", memory[0] == 1 && memory[1] == 4 && memory[5*mach.PageSize] == 3)
	collect("pages 0, 3 and 5 are written", 1<<0|1<<3|1<<5)
	collect("nothing is written since", 0)
	memory[3*mach.PageSize]++
	memory[7*mach.PageSize]++
	collect("pages 3 and 7 are written", 1<<3|1<<7)
	t.Must("task_terminate", t.Client.TaskTerminate(child))
	t.Must("mach_port_deallocate", t.Client.PortDeallocate(t.Task, child))
	t.Unmap(at, size)
}

// sweep goes through objects that are larger than memory: pages that are clean leave the kernel, and what was written goes to its manager and comes
// back.
func (t *tester) sweep(squares, file mach.Name, size uint64) {
	at, table := t.Mapped(squares, size)
	wrong := 0
	for i := uint64(0); i < size/8; i += 512 {
		if binary.LittleEndian.Uint64(table[8*i:]) != i*i {
			wrong++
		}
	}
	t.Holds("all squares", wrong == 0)
	written, memory := t.Mapped(file, size)
	var sums [3]uint64
	for round := range uint64(len(sums)) {
		for i := uint64(0); i+mach.PageSize <= size; i += mach.PageSize {
			if i/mach.PageSize%8 != 0 {
				sums[round] += uint64(memory[i]) * i // one page of eight is written, the others are read
				continue
			}
			word := memory[i:]
			if round != 0 && binary.LittleEndian.Uint64(word) != i+round-1 {
				wrong++
			}
			binary.LittleEndian.PutUint64(word, i+round)
		}
	}
	t.Holds("all that was written", wrong == 0)
	t.Holds("all that was not", sums[0] == sums[1] && sums[1] == sums[2])
	t.Holds("the squares again", binary.LittleEndian.Uint64(table[8*512:]) == 512*512)
	t.Unmap(written, size)
	t.Unmap(at, size)
}
