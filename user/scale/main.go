// Command scale fills the kernel's tables: ports by the million, messages, map entries and memory objects by the hundred thousand. It says
// whether an operation costs the same among many as among few, and whether all frames come back.
//
//	scale [--ports=N] [--messages=N] [--over=N] [--entries=N] [--objects=N --pager=PORT]
//
// A number of 0 leaves a part out. Each line says what was there at the same time. A part that fails ends the program with exit status 1.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

func main() {
	debug.SetGCPercent(-1) // a collection would count as somebody's cost
	ports := flag.Int("ports", 1_000_000, "have `N` ports in this task")
	messages := flag.Int("messages", 100_000, "queue `N` messages")
	over := flag.Int("over", 20_000, "over `N` ports")
	entries := flag.Int("entries", 200_000, "have `N` pieces of memory that cannot be joined")
	objects := flag.Int("objects", 0, "have `N` memory objects of the default pager")
	pager := args.SendRight("pager", "the default memory manager's port")
	args.Parse()
	s := &scale{client: libmach.NewClient(), task: libmach.TaskSelf()}
	s.free() // makes what the client needs
	for _, part := range []struct {
		n   int
		run func(n int) error
	}{
		{*ports, s.ports},
		{*messages, func(n int) error { return s.messages(n, *over) }},
		{*entries, s.entries},
		{*objects, func(n int) error { return s.objects(n, *pager) }},
	} {
		if part.n == 0 {
			continue
		}
		if err := part.run(part.n); err != nil {
			fmt.Println("scale: FAILED:", err)
			os.Exit(1)
		}
	}
	fmt.Println("scale: done")
}

type scale struct {
	client *libmach.Client
	task   mach.Name
}

func (s *scale) free() int64 {
	v, code := s.client.VMStatistics(s.task)
	if code != mach.Success {
		return -1
	}
	return int64(v.Free)
}

// cost is the median of what op costs, in ticks of the time-stamp counter.
func cost(n int, op func(i int) mach.Return) (uint64, error) {
	samples := make([]uint64, n)
	for i := range samples {
		start := libmach.Ticks()
		code := op(i)
		samples[i] = libmach.Ticks() - start
		if code != mach.Success {
			return 0, code
		}
	}
	slices.Sort(samples)
	return samples[n/2], nil
}

// flat says whether a cost stayed what it was, give or take what the processor's caches make of larger tables.
func flat(few, many uint64) string {
	const tolerance = 3
	if many > tolerance*few {
		return fmt.Sprintf("%d ticks among few, %d among many", few, many)
	}
	return "flat"
}

// sample is how often an operation is measured.
const sample = 1001

// ports fills the task's name space.
func (s *scale) ports(n int) error {
	before := s.free()
	names := make([]mach.Name, 0, n)
	allocate := func(int) mach.Return {
		name, code := libmach.PortAllocate(s.task, mach.RightReceive)
		names = append(names, name)
		return code
	}
	look := func(i int) mach.Return {
		_, code := s.client.PortType(s.task, names[i*7919%len(names)])
		return code
	}
	fewAllocate, err := cost(sample, allocate)
	if err != nil {
		return err
	}
	fewLook, err := cost(sample, look)
	if err != nil {
		return err
	}
	for len(names) < n-sample {
		if code := allocate(0); code != mach.Success {
			return fmt.Errorf("port %d of %d: %w", len(names), n, code)
		}
	}
	manyAllocate, err := cost(sample, allocate)
	if err != nil {
		return err
	}
	manyLook, err := cost(sample, look)
	if err != nil {
		return err
	}
	fmt.Printf("scale: %d ports: allocation %s, lookup %s\n", len(names), flat(fewAllocate, manyAllocate), flat(fewLook, manyLook))
	for _, name := range names {
		if code := s.client.PortModRefs(s.task, name, mach.RightReceive, -1); code != mach.Success {
			return code
		}
	}
	return s.back("ports", before)
}

// messages queues messages and takes them all from a set, in the order in which they came.
func (s *scale) messages(n, over int) error {
	before := s.free()
	set, code := libmach.PortAllocate(s.task, mach.RightPortSet)
	if code != mach.Success {
		return code
	}
	ports := make([]mach.Name, over)
	for i := range ports {
		if ports[i], code = libmach.PortAllocate(s.task, mach.RightReceive); code != mach.Success {
			return code
		}
		if code = s.client.PortMoveMember(s.task, ports[i], set); code != mach.Success {
			return code
		}
	}
	buf := libmach.NewBuffer(256)
	send := func(i int) mach.Return {
		w := mig.NewWriter(buf)
		w.Int32(int32(i))
		return libmach.Send(w.SetHeader(mach.Bits(mach.MsgMakeSend, 0), ports[i%over], mach.NameNull, 100), mach.OptSendTimeout, 0)
	}
	few, err := cost(sample, send)
	if err != nil {
		return err
	}
	for i := sample; i < n-sample; i++ {
		if code := send(i); code != mach.Success {
			return fmt.Errorf("message %d of %d: %w", i, n, code)
		}
	}
	many, err := cost(sample, func(i int) mach.Return { return send(n - sample + i) })
	if err != nil {
		return err
	}
	for i := range n {
		m, code := libmach.Receive(buf, set, mach.OptRcvTimeout, 0)
		if code != mach.Success {
			return fmt.Errorf("receive %d of %d: %w", i, n, code)
		}
		r := m.Reader()
		if got := r.Int32(); int(got) != i || m.Port() != ports[i%over] {
			return fmt.Errorf("message %d came as number %d", got, i)
		}
	}
	fmt.Printf("scale: %d messages over %d ports: sending %s, received in order\n", n, over, flat(few, many))
	for _, name := range append(ports, set) {
		if code := s.client.PortDestroy(s.task, name); code != mach.Success {
			return code
		}
	}
	return s.back("messages", before)
}

// entries cuts memory into pieces that differ from their neighbours.
func (s *scale) entries(n int) error {
	before := s.free()
	size := uint64(n) * mach.PageSize
	at, code := libmach.VMAllocate(s.task, 0, size, true)
	if code != mach.Success {
		return code
	}
	cut := func(i int) mach.Return {
		return s.client.VMProtect(s.task, at+mach.VirtAddr(2*i)*mach.PageSize, mach.PageSize, false, mach.ProtRead)
	}
	few, err := cost(sample, cut)
	if err != nil {
		return err
	}
	for i := sample; i < n/2-sample; i++ {
		if code := cut(i); code != mach.Success {
			return fmt.Errorf("piece %d of %d: %w", 2*i, n, code)
		}
	}
	many, err := cost(sample, func(i int) mach.Return { return cut(n/2 - sample + i) })
	if err != nil {
		return err
	}
	fmt.Printf("scale: %d map entries: protection %s\n", n, flat(few, many))
	if code := libmach.VMDeallocate(s.task, at, size); code != mach.Success {
		return code
	}
	return s.back("map entries", before)
}

// back says whether the frames came back: but for a few, which the program's own lists took.
func (s *scale) back(what string, before int64) error {
	debug.FreeOSMemory()
	const own = 10_000 // frames that the lists of a part may take at most
	if lost := before - s.free(); lost > own {
		return errors.New(what + ": frames did not come back: " + fmt.Sprint(lost))
	}
	return nil
}
