// Command pressure works on more memory than the machine has: it writes every page, and then reads and writes pages at random and checks that
// each holds what was written last.
//
//	pressure [--size=MIB] [--touches=N] [--then=N] [--ascending] [--contents=text|noise|marked|zeros] [--seed=N] [--lossy] [--stay] [--pager=PORT --reserve=MIB]
//
// Text compresses to less than half, noise does not at all, nor does what is marked: noise
// behind a line of text. It prints "pressure: N touches of M MiB agree, K ticks each", or
// "pressure: FAILED: " and the page.
//
// With --ascending it looks at them in the order of their addresses, and writes none.
//
// With --lossy, pages may be lost. It looks at each with vm_read first, which answers KERN_MEMORY_ERROR for those, prints how many there are, and at
// last touches one: that is an exception.
//
// With --stay it does not end, and its memory stays.
//
// With --reserve it has an object of the default pager beside that memory, and does not touch it before all paging storage is full. Then it
// does, the object must hold, and it goes on to write until there is nothing left: that is an exception too.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"time"

	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

func main() {
	debug.SetGCPercent(-1)
	size := flag.Uint64("size", 64, "memory to work on, in `MiB`")
	touches := flag.Int("touches", 10_000, "how many `pages` to look at")
	then := flag.Int("then", 0, "how many `pages` to look at after that, with another line at the end")
	contents := flag.String("contents", "text", "`kind` of what is written: text, noise, marked or zeros")
	seed := flag.Uint64("seed", 1, "`number` that determines the order")
	ascending := flag.Bool("ascending", false, "look at pages in the order of their addresses")
	lossy := flag.Bool("lossy", false, "pages may be lost")
	stay := flag.Bool("stay", false, "do not end")
	pager := args.SendRight("pager", "the default memory manager's port")
	reserve := flag.Uint64("reserve", 0, "size of an object of the default pager, in `MiB`")
	args.Parse()
	w := &work{client: libmach.NewClient(), contents: *contents, lossy: *lossy, ascending: *ascending, pager: *pager}
	if *reserve != 0 {
		w.wireProgram()
		w.exhaust(*size<<20, *reserve<<20)
	}
	w.versions = make([]byte, *size<<20>>mach.PageShift)
	if *lossy {
		w.wireProgram()
	}
	w.memory = w.allocate(*size << 20)
	for n := range w.pages() {
		w.write(n)
	}
	r := rand.New(rand.NewPCG(*seed, 0))
	for _, number := range []int{*touches, *then} {
		if number == 0 {
			continue
		}
		start := libmach.Ticks()
		w.touch(r, number)
		if !*lossy {
			fmt.Printf("pressure: %d touches of %d MiB agree, %d ticks each\n", number, *size, (libmach.Ticks()-start)/uint64(number))
		}
	}
	if !*lossy {
		for *stay {
			time.Sleep(time.Hour)
		}
		return
	}
	w.mourn()
}

// touch looks at so many pages, and writes some of them anew.
func (w *work) touch(r *rand.Rand, number int) {
	for range number {
		n := r.Uint64N(w.pages())
		if w.ascending {
			n = w.next % w.pages()
			w.next++
		}
		if w.gone(n) {
			continue
		}
		if !w.holds(n) {
			fail("page %d holds something else than was written", n)
		}
		if !w.ascending && r.IntN(4) == 0 {
			w.versions[n]++
			w.write(n)
		}
	}
}

func fail(format string, args ...any) {
	fmt.Printf("pressure: FAILED: "+format+"\n", args...)
	os.Exit(1)
}

// wireProgram keeps the program itself in memory, so that the pages that get lost, or find no frame, are only those that it looks at. Of a large region, which is
// the heap's, the program uses the beginning.
func (w *work) wireProgram() {
	const most = 256 << 10
	for at := mach.MinUser; ; {
		r, code := w.client.VMRegion(w.client.Task(), at)
		if code != mach.Success {
			return
		}
		if r.Cur != mach.ProtNone {
			if code := w.client.VMWire(libmach.HostSelf(), w.client.Task(), r.Address, min(r.Size, most), mach.ProtRead); code != mach.Success {
				fail("vm_wire of the region at %#x: %v", uint64(r.Address), code)
			}
		}
		at = r.Address + mach.VirtAddr(r.Size)
	}
}

// allocate makes memory of zeros.
func (w *work) allocate(size uint64) []byte {
	at, code := w.client.VMAllocate(w.client.Task(), 0, size, true)
	if code != mach.Success {
		fail("vm_allocate: %v", code)
	}
	return libmach.Memory(at, size)
}

// gone reports whether page n is lost.
func (w *work) gone(n uint64) bool {
	if !w.lossy {
		return false
	}
	data, size, code := w.client.VMRead(w.client.Task(), libmach.Address(w.page(n)), 1)
	switch code {
	case mach.Success:
		libmach.VMDeallocate(w.client.Task(), data, size)
		return false
	case mach.MemoryError:
		return true
	case mach.ResourceShortage:
		return false // there is no frame for the answer: an access has to show
	}
	fail("vm_read: %v", code)
	return true
}

// mourn looks at all pages, and touches a lost one.
func (w *work) mourn() {
	lost, last := 0, uint64(0)
	for n := range w.pages() {
		switch {
		case w.gone(n):
			lost++
			last = n
		case !w.holds(n):
			fail("page %d holds something else than was written", n)
		}
	}
	fmt.Printf("pressure: %d pages are lost, all others agree\n", lost)
	if lost != 0 {
		fmt.Printf("pressure: touching one: %d\n", w.page(last)[0])
		fail("a lost page was there")
	}
}

// exhaust fills all paging storage, then an object, and then what is left, until it dies.
func (w *work) exhaust(size, reserve uint64) {
	object, code := wire.DefaultPagerObjectCreate(w.client, w.pager, reserve)
	if code != mach.Success {
		fail("default_pager_object_create: %v", code)
	}
	at, code := w.client.VMMap(w.client.Task(), libmach.Map{
		Size: reserve, Anywhere: true, Object: object, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare,
	})
	if code != mach.Success {
		fail("vm_map: %v", code)
	}
	w.memory = w.allocate(size)
	w.versions = make([]byte, w.pages())
	n := uint64(0)
	for ; n < w.pages() && !w.full(); n++ {
		w.write(n)
	}
	fmt.Printf("pressure: the storage is full\n")
	reserved := &work{memory: libmach.Memory(at, reserve), versions: make([]byte, reserve>>mach.PageShift), contents: w.contents}
	for i := range reserved.pages() {
		reserved.write(i)
	}
	for i := range reserved.pages() {
		if !reserved.holds(i) {
			fail("page %d of the object holds something else than was written", i)
		}
	}
	fmt.Printf("pressure: the object of %d MiB holds\n", reserve>>20)
	for ; n < w.pages(); n++ {
		w.write(n)
	}
	fail("there was memory for everything")
}

// full reports whether no paging storage has a free block.
func (w *work) full() bool {
	_, frees, _, code := wire.DefaultPagerStorageInfo(w.client, w.pager)
	if code != mach.Success {
		fail("default_pager_storage_info: %v", code)
	}
	for i := range frees.Count {
		if binary.LittleEndian.Uint64(frees.Data[8*i:]) != 0 {
			return false
		}
	}
	return true
}

// work is the memory, and how often each page was written anew.
type work struct {
	client    *libmach.Client
	pager     mach.Name
	lossy     bool
	ascending bool
	next      uint64 // page, if they are looked at in their order

	memory   []byte
	versions []byte
	contents string
}

func (w *work) pages() uint64 { return uint64(len(w.memory)) >> mach.PageShift }

func (w *work) page(n uint64) []byte { return w.memory[n<<mach.PageShift:][:mach.PageSize] }

// write fills a page with what its number and version determine.
func (w *work) write(n uint64) {
	p := w.page(n)
	x := n<<8 | uint64(w.versions[n])
	switch w.contents {
	case "zeros":
		return
	case "text":
		line := w.line(n)
		for i := 0; i < len(p); {
			i += copy(p[i:], line)
		}
	default:
		for i := 0; i < len(p); i += 8 {
			v := mix(x<<9 | uint64(i/8))
			for j := range 8 {
				p[i+j] = byte(v >> (8 * j))
			}
		}
		if w.contents == "marked" {
			copy(p, w.line(n))
		}
	}
}

// line is the text of page n.
func (w *work) line(n uint64) []byte {
	return fmt.Appendf(nil, "page %d, version %d of the working set\n", n, w.versions[n])
}

// mix spreads the bits of x over the result.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// holds reports whether the start, a byte in the middle and the end of a page are what was written.
func (w *work) holds(n uint64) bool {
	p := w.page(n)
	switch w.contents {
	case "zeros":
		return p[0] == 0 && p[mach.PageSize-1] == 0
	case "text":
		line := w.line(n)
		last := (mach.PageSize - 1) % len(line)
		return string(p[:len(line)]) == string(line) && p[mach.PageSize-1] == line[last]
	}
	x := n<<8 | uint64(w.versions[n])
	if line := w.line(n); w.contents == "marked" {
		return string(p[:len(line)]) == string(line) && p[mach.PageSize-1] == byte(mix(x<<9|(mach.PageSize/8-1))>>56)
	}
	first, last := mix(x<<9), mix(x<<9|(mach.PageSize/8-1))
	return p[0] == byte(first) && p[7] == byte(first>>56) && p[mach.PageSize-1] == byte(last>>56)
}
