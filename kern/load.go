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
		s := &p.segments[i]
		if err := k.loadSegment(t, m, s, file, &free); err != nil {
			return nil, fmt.Errorf("segment at %#x: %w", uint64(s.at), err)
		}
	}
	for i := range p.segments {
		s := &p.segments[i]
		prot := s.prot
		// Segments may meet in a page, which then has the rights of both.
		if i > 0 && p.segments[i-1].end().Round() > s.at.Trunc() {
			if err := t.memory.Protect(s.at.Trunc(), mach.PageSize, false, prot|p.segments[i-1].prot); err != nil {
				return nil, err
			}
			if s.at.Trunc()+mach.PageSize >= s.end() {
				continue
			}
			if err := t.memory.Protect(s.at.Trunc()+mach.PageSize, uint64(s.end()-s.at.Trunc()-mach.PageSize), false, prot); err != nil {
				return nil, err
			}
			continue
		}
		if err := t.memory.Protect(s.at, s.size, false, prot); err != nil {
			return nil, err
		}
	}
	sp, err := k.loadStack(t, args, env)
	if err != nil {
		return nil, fmt.Errorf("stack: %w", err)
	}
	th := k.newThread(t)
	th.regs.RIP, th.regs.RSP = uint64(p.entry), uint64(sp)
	return th, nil
}

// loadSegment maps s. What is only read comes straight from the module's frames, where page offsets agree; the rest is copied.
func (k *Kernel) loadSegment(t *Task, m *module, s *segment, file []byte, free *mach.VirtAddr) error {
	start, end := max(s.at.Trunc(), *free), s.end().Round()
	*free = end
	if s.prot&mach.ProtWrite == 0 && s.fileSize == s.size && s.offset&mach.PageMask == s.at.Offset() && start == s.at.Trunc() {
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
