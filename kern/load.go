package kern

import (
	"fmt"

	"defpager/mach"
	"defpager/mm/vm"
)

// The first thread's stack. Below it and above it nothing is mapped.
const (
	stackTop  = mach.MaxUser - mach.SuperSize
	stackSize = 256 << 10
)

// stringsMax bounds a program's arguments and environment, in bytes.
const stringsMax = stackSize / 4

// load puts the program of module m into an empty task and gives it a suspended thread that begins at its entry point with the
// arguments on the stack.
func (k *Kernel) load(t *Task, m *module, args, env []string) (*Thread, error) {
	file := k.env.Mem.Bytes(m.Data.Start, m.Data.Size)
	p, err := parseELF(file)
	if err != nil {
		return nil, err
	}
	free := mach.VirtAddr(0) // the first page that no segment has
	for i := range p.segments {
		if err := k.loadSegment(t, m, p.segments[i:], file, &free); err != nil {
			return nil, fmt.Errorf("segment at %#x: %w", uint64(p.segments[i].at), err)
		}
	}
	if err := p.protect(t); err != nil {
		return nil, err
	}
	sp, err := k.loadStack(t, args, env)
	if err != nil {
		return nil, fmt.Errorf("stack: %w", err)
	}
	th := k.newThread(t)
	th.regs.RIP, th.regs.RSP = uint64(p.entry), uint64(sp)
	return th, nil
}

// protect gives the pages the rights of their segments. One in which segments meet has the rights of all of them.
func (p *program) protect(t *Task) error {
	end, prot := mach.VirtAddr(0), mach.ProtNone // of the last page so far
	for i := range p.segments {
		s := &p.segments[i]
		start := s.at.Trunc()
		if start < end {
			prot |= s.prot
			if err := t.memory.Protect(start, mach.PageSize, false, prot); err != nil {
				return err
			}
			start = end
		}
		if start < s.end() {
			prot = s.prot
			if err := t.memory.Protect(start, uint64(s.end()-start), false, prot); err != nil {
				return err
			}
		}
		end = s.end().Round()
	}
	return nil
}

// inPlace reports whether the first of segments can be the module's own frames: it is only read, page offsets agree, and it meets no
// other segment in a page. free is the first page that no earlier one has.
func inPlace(segments []segment, free mach.VirtAddr) bool {
	s := &segments[0]
	return s.prot&mach.ProtWrite == 0 && s.fileSize == s.size && s.offset&mach.PageMask == s.at.Offset() && s.at.Trunc() >= free &&
		(len(segments) == 1 || segments[1].at >= s.end().Round())
}

// loadSegment maps the first of segments. What inPlace allows comes straight from the module's frames; the rest is copied.
func (k *Kernel) loadSegment(t *Task, m *module, segments []segment, file []byte, free *mach.VirtAddr) error {
	s, place := &segments[0], inPlace(segments, *free)
	start, end := max(s.at.Trunc(), *free), s.end().Round()
	*free = end
	if place {
		o, err := k.moduleObject(m)
		if err != nil {
			return err
		}
		_, err = t.memory.Map.Map(&vm.MapArgs{
			Address: start, Size: uint64(end - start), Object: o, Offset: s.offset &^ mach.PageMask,
			Cur: mach.ProtRead | mach.ProtExecute, Max: mach.ProtRead | mach.ProtExecute, Inherit: mach.InheritCopy,
		})
		return err
	}
	if start < end {
		if _, err := t.memory.Allocate(start, uint64(end-start), false); err != nil {
			return err
		}
	}
	return t.memory.CopyOut(s.at, file[s.offset:s.offset+s.fileSize])
}

// loadStack maps the stack and lays out, upwards from the returned address: argc, the arguments' addresses, 0, the environment's, 0, and
// the strings.
func (k *Kernel) loadStack(t *Task, args, env []string) (mach.VirtAddr, error) {
	if _, err := t.memory.Allocate(stackTop-stackSize, stackSize, false); err != nil {
		return 0, err
	}
	length := 0
	for _, s := range append(append([]string{}, args...), env...) {
		length += len(s) + 1
	}
	words := 1 + len(args) + 1 + len(env) + 1
	if length+8*words > stringsMax {
		return 0, mach.ResourceShortage.With("%d bytes of arguments: the limit is %d", length, stringsMax)
	}
	size := (8*words + length + 15) &^ 15
	sp := stackTop - mach.VirtAddr(size)
	b := make([]byte, 0, size)
	at := uint64(sp) + uint64(8*words)
	var text []byte
	list := func(l []string) {
		for _, s := range l {
			b = le.AppendUint64(b, at+uint64(len(text)))
			text = append(append(text, s...), 0)
		}
		b = le.AppendUint64(b, 0)
	}
	b = le.AppendUint64(b, uint64(len(args)))
	list(args)
	list(env)
	return sp, t.memory.CopyOut(sp, append(b, text...))
}
