package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"defpager/ipc/mig"
	"defpager/ipc/mig/defs"
	"defpager/ipc/mig/interfaces"
	"defpager/ipc/mig/layout"
	"defpager/mach"
)

// routine is a request that the system's interfaces know.
type routine struct {
	name      string
	subsystem string
	request   *layout.Message
}

// harmful are the requests that do lawfully what would end the test: they end the machine, put another in the pager's place, or find all
// tasks.
var harmful = []string{
	"host_reboot", "vm_set_default_memory_manager", "host_default_memory_manager", "processor_set_tasks", "processor_set_threads",
}

// routines lists the requests of all interfaces.
func routines() ([]routine, error) {
	var list []routine
	for _, name := range interfaces.Names() {
		source, err := interfaces.Open(name)
		if err != nil {
			return nil, err
		}
		file, err := defs.Parse(name, source, defs.Options{Open: interfaces.Open})
		if err != nil {
			return nil, err
		}
	next:
		for _, r := range file.Routines {
			for _, h := range harmful {
				if r.Name == h {
					continue next
				}
			}
			list = append(list, routine{r.Name, file.Name, layout.Request(r)})
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("the interfaces hold no routine")
	}
	return list, nil
}

// generator makes random things, most of them nearly right: what is entirely wrong is refused at once.
type generator struct {
	*rand.Rand
	routines []routine
	sizes    [slots]int // of the messages, in bytes
}

// oneIn reports true once in n times.
func (g *generator) oneIn(n int) bool { return g.IntN(n) == 0 }

// address is one within the attacking task's memory, mostly.
func (g *generator) address() uint64 {
	switch g.IntN(8) {
	case 0:
		return g.number()
	case 1:
		return uint64(base) + uint64(g.IntN(int(total/mach.PageSize)+8))*mach.PageSize
	case 2:
		return uint64(base) + uint64(g.IntN(int(total)))
	case 3:
		return uint64(messages) + uint64(g.IntN(slots))*slotSize + uint64(g.IntN(8))*8
	}
	return uint64(scratch) + uint64(g.IntN(scratchSize))&^7
}

// number is one at which comparisons change their mind.
func (g *generator) number() uint64 {
	edges := [...]uint64{
		0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 64, 255, 256, 4095, 4096, 4097, 8192, 65536, 1 << 21, 1<<21 + 1, 1 << 30, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32,
		1<<32 + 1, uint64(mach.MinUser), uint64(mach.MaxUser) - 4096, uint64(mach.MaxUser) - 1, uint64(mach.MaxUser), 1<<63 - 1, 1 << 63, 1<<64 - 4096, 1<<64 - 4095, 1<<64 - 1,
	}
	switch g.IntN(6) {
	case 0:
		return g.Uint64()
	case 1:
		return g.address()
	case 2:
		return uint64(g.IntN(20)) * mach.PageSize
	case 3:
		return uint64(g.IntN(32))
	}
	return edges[g.IntN(len(edges))]
}

// name is one that the task has, mostly.
func (g *generator) name() uint64 {
	switch g.IntN(16) {
	case 0:
		return uint64(uint32(g.number()))
	case 1:
		return 0
	}
	return uint64(1 + g.IntN(names+12))
}

// destination is a right for requests of a subsystem, mostly.
func (g *generator) destination(r *routine) mach.Name {
	if g.oneIn(4) {
		return mach.Name(g.name())
	}
	pick := func(n ...mach.Name) mach.Name { return n[g.IntN(len(n))] }
	switch {
	case strings.HasPrefix(r.name, "thread_") && r.name != "thread_create":
		return pick(ownThread, ownThread, otherThread)
	case r.subsystem == "mach_host", strings.HasPrefix(r.name, "register_"), strings.HasSuffix(r.name, "contiguous"):
		return pick(hostName, hostPriv, ownTask, ownThread)
	case r.subsystem == "default_pager":
		return pick(pagerPort, pagerPort, objectPort)
	case r.subsystem == "device":
		return pick(devicePort)
	case strings.HasPrefix(r.name, "memory_object") && r.name != "memory_object_create_proxy":
		// Control ports come as messages, under the first free names.
		return pick(objectPort, firstPort, mach.Name(names+1), mach.Name(names+2), mach.Name(names+3), mach.Name(names+4))
	case r.subsystem == "exc", r.subsystem == "notify":
		return pick(firstPort, secondPort)
	}
	return ownTask
}

// disposition is one of a right's.
func (g *generator) disposition() mach.MsgType {
	return mach.MsgMoveReceive + mach.MsgType(g.IntN(int(mach.MsgMakeSendOnce-mach.MsgMoveReceive)+1))
}

// message writes a request to buf and returns its size in bytes.
func (g *generator) message(buf []byte) int {
	r := &g.routines[g.IntN(len(g.routines))]
	w := mig.NewWriter(buf)
	rights := r.request.Complex
	for i := range r.request.Items {
		rights = g.item(&w, &r.request.Items[i]) || rights
	}
	bits := mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)
	if g.oneIn(10) {
		bits = mach.Bits(g.disposition(), g.disposition())
	}
	if rights != g.oneIn(30) {
		bits |= mach.Complex
	}
	reply := mach.Name(firstPort)
	if g.oneIn(10) {
		reply = mach.Name(g.name())
	}
	if reply == mach.NameNull {
		bits &^= 0xff00
	}
	n := len(w.SetHeader(bits, g.destination(r), reply, mach.MsgID(r.request.ID)))
	if n == 0 {
		return g.message(buf) // there was no room for an array
	}
	if g.oneIn(4) {
		g.damage(buf[:n])
	}
	return n
}

// item writes an item of a request, and reports whether it holds rights or out-of-line memory.
func (g *generator) item(w *mig.Writer, i *layout.Item) bool {
	t, name := i.Type, i.Sent
	if name == layout.Poly {
		name = g.disposition()
	}
	d := layout.Descriptor(i, name)
	switch {
	case t.Kind == defs.Pointer:
		w.OutOfLine(name, uint16(d.ElementBits()), uint32(g.count(t)), g.address()&^7, g.oneIn(4))
		return true
	case t.Kind == defs.Variable || t.Kind == defs.CString && t.Number == 0:
		const number = 32 // the descriptor's bits from there on
		d = d&(1<<number-1) | mach.Type(g.count(t))<<number
	}
	if t.IsPort() {
		g.fill(w.Inline(d), g.name)
		return true
	}
	if name == mach.MsgPortName {
		g.fill(w.Inline(d), g.name)
		return false
	}
	what := g.number
	if strings.Contains(i.Name, "addr") || strings.Contains(i.Name, "Addr") {
		what = g.address
	}
	if b := w.Inline(d); len(b) == 4 {
		g.fill(b, func() uint64 { return g.number() & (1<<uint(g.IntN(33)) - 1) })
	} else {
		g.fill(b, what)
	}
	return false
}

// count is the number of elements of an array.
func (g *generator) count(t *defs.Type) int {
	limit := t.Max
	if limit == 0 {
		limit = 64
	}
	if t.Kind != defs.Pointer {
		limit = min(limit, (slotSize/2)*8/max(t.Size, 8))
	}
	edges := [...]int{0, 1, 2, 4, 16, 42, 128, 212, 300, limit - 1, limit}
	return max(0, min(limit, edges[g.IntN(len(edges))]))
}

// fill writes words from what, little-endian.
func (g *generator) fill(b []byte, what func() uint64) {
	for len(b) != 0 {
		v := what()
		for i := range min(8, len(b)) {
			b[i] = byte(v >> (8 * i))
		}
		b = b[min(8, len(b)):]
	}
}

// damage changes a few places of a message, but not into a harmful one: the identifier stays.
func (g *generator) damage(b []byte) {
	const id = 28 // offset of the identifier
	for range 1 + g.IntN(3) {
		at := g.IntN(len(b))
		if at >= id && at < id+4 {
			continue
		}
		switch g.IntN(3) {
		case 0:
			b[at] ^= 1 << g.IntN(8)
		case 1:
			b[at] = byte(g.Uint32())
		case 2:
			if at &^= 7; at != id-4 && at+8 <= len(b) {
				g.fill(b[at:at+8], g.number)
			}
		}
	}
}
