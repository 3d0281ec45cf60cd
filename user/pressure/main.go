// Command pressure works on more memory than the machine has: it writes every page, and then reads and writes pages at random and checks that
// each holds what was written last.
//
//	pressure [--size=MIB] [--touches=N] [--contents=text|noise|zeros] [--seed=N]
//
// Text compresses to less than half, noise does not at all. It prints "pressure: N touches of M MiB agree, K ticks each", or
// "pressure: FAILED: " and the page.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"

	"defpager/mach"
	"defpager/user/libmach"
)

func main() {
	debug.SetGCPercent(-1)
	size := flag.Uint64("size", 64, "memory to work on, in `MiB`")
	touches := flag.Int("touches", 10_000, "how many `pages` to look at")
	contents := flag.String("contents", "text", "`kind` of what is written: text, noise or zeros")
	seed := flag.Uint64("seed", 1, "`number` that determines the order")
	flag.Parse()
	c := libmach.NewClient()
	pages := *size << 20 >> mach.PageShift
	at, code := c.VMAllocate(c.Task(), 0, pages<<mach.PageShift, true)
	if code != mach.Success {
		fail("vm_allocate: %v", code)
	}
	w := &work{memory: libmach.Memory(at, pages<<mach.PageShift), versions: make([]byte, pages), contents: *contents}
	for n := range pages {
		w.write(n)
	}
	r := rand.New(rand.NewPCG(*seed, 0))
	start := libmach.Ticks()
	for range *touches {
		n := r.Uint64N(pages)
		if !w.holds(n) {
			fail("page %d holds something else than was written", n)
		}
		if r.IntN(4) == 0 {
			w.versions[n]++
			w.write(n)
		}
	}
	ticks := (libmach.Ticks() - start) / uint64(max(*touches, 1))
	fmt.Printf("pressure: %d touches of %d MiB agree, %d ticks each\n", *touches, *size, ticks)
}

func fail(format string, args ...any) {
	fmt.Printf("pressure: FAILED: "+format+"\n", args...)
	os.Exit(1)
}

// work is the memory, and how often each page was written anew.
type work struct {
	memory   []byte
	versions []byte
	contents string
}

func (w *work) page(n uint64) []byte { return w.memory[n<<mach.PageShift:][:mach.PageSize] }

// write fills a page with what its number and version determine.
func (w *work) write(n uint64) {
	p := w.page(n)
	x := n<<8 | uint64(w.versions[n])
	switch w.contents {
	case "zeros":
		return
	case "text":
		line := fmt.Appendf(nil, "page %d, version %d of the working set\n", n, w.versions[n])
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
	}
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
		line := fmt.Appendf(nil, "page %d, version %d of the working set\n", n, w.versions[n])
		last := (mach.PageSize - 1) % len(line)
		return string(p[:len(line)]) == string(line) && p[mach.PageSize-1] == line[last]
	}
	x := n<<8 | uint64(w.versions[n])
	first, last := mix(x<<9), mix(x<<9|(mach.PageSize/8-1))
	return p[0] == byte(first) && p[7] == byte(first>>56) && p[mach.PageSize-1] == byte(last>>56)
}
