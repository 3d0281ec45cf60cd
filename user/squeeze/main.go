// Command squeeze leaves hardly any frames for memory that is paged out, and has threads move words whose instruction needs six pages at once: two that it
// lies in, two that it reads from, and two that it writes to. Each must get on, though all want more frames than there are.
//
//	squeeze --host=PORT [--threads=N] [--rounds=N] [--leave=N]
//
// PORT is a send right to the host's privileged port. All memory is wired but --leave frames. It prints a line when each thread has made its rounds and its words
// hold what they should; the last line is "squeeze: N ok, M failed".
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"

	"defpager/mach"
	"defpager/user/internal/trial"
	"defpager/user/libmach"
)

const (
	page = mach.PageSize
	// pagesEach is what a thread has: two pages of code, and two each for its two words.
	pagesEach = 6
)

func main() {
	debug.SetGCPercent(-1)
	host := flag.Uint("host", 0, "`name` of a send right to the host's privileged port")
	threads := flag.Uint64("threads", 4, "`how` many threads")
	rounds := flag.Uint64("rounds", 100, "`how` often each moves a word")
	leave := flag.Int("leave", 8, "`frames` that are left for their pages")
	flag.Parse()
	t := trial.New("squeeze")
	s := &squeeze{Tester: t, host: mach.Name(*host), rounds: *rounds}
	if err := t.Client.WireProgram(s.host, 2<<20); err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
	s.tidy()
	s.at, s.done = t.Pages(pagesEach**threads), libmach.Memory(t.Pages(1), page)
	for i := range *threads {
		s.begin(i)
	}
	s.Must("vm_wire", t.Client.VMWire(s.host, t.Task, libmach.Address(s.done), page, mach.ProtDefault))
	s.wireAll(*leave)
	for _, x := range s.threads {
		s.Must("thread_resume", t.Client.ThreadResume(x))
	}
	for i := range s.threads {
		s.Holds(fmt.Sprintf("thread %d makes its rounds", i), s.ends(i))
	}
	s.release()
	for i := range s.threads {
		s.Is(fmt.Sprintf("the word of thread %d", i), s.word(i), s.rounds)
	}
	t.End()
}

// tidy has Go's runtime give back memory that it does not need, which is wired: that stays.
func (s *squeeze) tidy() {
	runtime.GC() // has what it takes itself
	before := s.regions()
	_ = append([]byte(nil), make([]byte, 1<<20)...)
	debug.FreeOSMemory()
	s.Is("the regions of a wired program after a collection", s.regions(), before)
}

// regions is how many the task's memory has.
func (s *squeeze) regions() (n uint64) {
	for at := mach.MinUser; ; n++ {
		r, code := s.Client.VMRegion(s.Task, at)
		if code != mach.Success {
			return n
		}
		at = r.Address + mach.VirtAddr(r.Size)
	}
}

type squeeze struct {
	*trial.Tester
	host    mach.Name
	rounds  uint64
	at      mach.VirtAddr // of the threads' pages
	done    []byte        // wired: a byte for each thread
	threads []mach.Name
	wired   []mach.VirtAddr // pages that nobody else gets
}

// pagesOf is where thread i's pages lie.
func (s *squeeze) pagesOf(i uint64) mach.VirtAddr { return s.at + mach.VirtAddr(i*pagesEach*page) }

// moves is the code of a thread. Its first instruction lies across two pages, and each word across two others: it moves one to the place of the other, counts
// that one up, and goes back the other way, RCX times.
const moves = "\x48\xa5" + // again: movsq
	"\x48\x83\xee\x08" + // sub rsi, 8
	"\x48\x83\xef\x08" + // sub rdi, 8
	"\x48\xff\x07" + // inc qword [rdi]
	"\x48\x87\xf7" + // xchg rdi, rsi
	"\x48\xff\xc9" + // dec rcx
	"\x75\xeb" + // jnz again
	"\x41\xc6\x00\x01" + // mov byte [r8], 1
	"\x31\xff" + // xor edi, edi
	"\xbe\x02\x00\x00\x00" + // mov esi, SWITCH_OPTION_WAIT
	"\xba\x00\x00\x00\x10" + // mov edx, milliseconds
	"\x48\xc7\xc0\xc3\xff\xff\xff" + // mov rax, thread_switch
	"\x0f\x05" + // syscall
	"\xeb\xfe" // jmp here

// begin makes thread i, which does not run yet.
func (s *squeeze) begin(i uint64) {
	at := s.pagesOf(i)
	memory := libmach.Memory(at, pagesEach*page)
	copy(memory[page-1:], moves)
	r := rand.New(rand.NewPCG(i, 0))
	for n := 2 * page; n < len(memory); n += 8 {
		binary.LittleEndian.PutUint64(memory[n:], r.Uint64()) // so that they go to a disk
	}
	clear(memory[3*page-4 : 3*page+4])
	clear(memory[5*page-4 : 5*page+4])
	s.Must("vm_protect", s.Client.VMProtect(s.Task, at, 2*page, false, mach.ProtRead|mach.ProtExecute))
	x, code := s.Client.ThreadCreate(s.Task)
	s.Must("thread_create", code)
	s.threads = append(s.threads, x)
	s.Must("thread_set_state", s.Client.ThreadSetState(x, libmach.ThreadState{
		RIP: uint64(at) + page - 1, RSI: s.address(i, 0), RDI: s.address(i, 1), RCX: s.rounds, R8: uint64(libmach.Address(s.done[i:])),
	}))
}

// address is that of one of thread i's two words: the last four bytes of a page and the first four of the next.
func (s *squeeze) address(i, n uint64) uint64 { return uint64(s.pagesOf(i)) + (2*n+3)*page - 4 }

// word is what thread i counted, when it has done so for the last time.
func (s *squeeze) word(i int) uint64 {
	at := s.address(uint64(i), s.rounds%2)
	return binary.LittleEndian.Uint64(libmach.Memory(mach.VirtAddr(at), 8))
}

// wireAll takes all frames that it can get, and what is paged out makes room for, and lets so many go.
func (s *squeeze) wireAll(leave int) {
	const most = 1 << 15
	at, code := libmach.VMAllocate(s.Task, 0, most*page, true)
	s.Must("vm_allocate", code)
	for refused, step := 0, uint64(256); refused < 20; {
		switch code := s.Client.VMWire(s.host, s.Task, at, step*page, mach.ProtDefault); {
		case code == mach.Success:
			for range step {
				s.wired = append(s.wired, at)
				at += page
			}
			refused = 0
		case step > 1:
			step /= 2
		default:
			refused++
			s.Client.Sleep(20) // page-out makes room
		}
	}
	for range leave {
		last := len(s.wired) - 1
		at := s.wired[last]
		s.wired = s.wired[:last]
		s.Must("vm_deallocate", libmach.VMDeallocate(s.Task, at, page))
	}
	fmt.Printf("squeeze: %d threads of %d pages each have %d frames\n", len(s.threads), pagesEach, leave)
}

// release lets what was wired go.
func (s *squeeze) release() {
	for _, at := range s.wired {
		s.Must("vm_deallocate", libmach.VMDeallocate(s.Task, at, page))
	}
}

// ends reports whether thread i has made its rounds, or soon has.
func (s *squeeze) ends(i int) bool {
	for range 6000 {
		if s.done[i] != 0 {
			return true
		}
		s.Client.Sleep(10)
	}
	return false
}
