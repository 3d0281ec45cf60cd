package vm

import (
	"defpager/board"
	"defpager/mach"
)

// CopyIn copies len(dst) bytes from src in the map to dst, as a program in the map would read them: pages are faulted in,
// and the error is what that program's fault would be. Nothing outside the user's space is touched, whatever src is. On
// an error dst holds the bytes before the first that could not be read.
func (m *Map) CopyIn(dst []byte, src mach.VirtAddr) error {
	if at := src.Offset(); at+uint64(len(dst)) <= mach.PageSize {
		if f := m.pmap.Frame(src, false); f != nil {
			copy(dst, f[at:])
			return nil
		}
	}
	for len(dst) > 0 {
		b, err := m.user(src, len(dst), mach.ProtRead)
		if err != nil {
			return err
		}
		n := copy(dst, b)
		dst = dst[n:]
		src += mach.VirtAddr(n)
	}
	return nil
}

// CopyOut copies src to dst in the map, as a program in the map would write it; see CopyIn. On an error the bytes before
// the first that could not be written are written.
func (m *Map) CopyOut(dst mach.VirtAddr, src []byte) error {
	if at := dst.Offset(); at+uint64(len(src)) <= mach.PageSize {
		if f := m.pmap.Frame(dst, true); f != nil {
			copy(f[at:], src)
			return nil
		}
	}
	for len(src) > 0 {
		b, err := m.user(dst, len(src), mach.ProtWrite)
		if err != nil {
			return err
		}
		n := copy(b, src)
		src = src[n:]
		dst += mach.VirtAddr(n)
	}
	return nil
}

// Window views the page of va, if it may be written and is there; else it is nil. It is valid until anything else is done to the map.
func (m *Map) Window(va mach.VirtAddr) *[mach.PageSize]byte { return m.pmap.Window(va) }

// View is what Window takes pages into.
func (m *Map) View() *board.View { return m.pmap.View() }

// user views up to n bytes of memory at va, to the end of va's page at most.
func (m *Map) user(va mach.VirtAddr, n int, access mach.Prot) ([]byte, error) {
	p, ok := m.pmap.Translate(va, access)
	if !ok {
		var err error
		if p, err = m.faultIn(va, access); err != nil {
			return nil, err
		}
	}
	return m.env.Mem.Bytes(p, min(uint64(n), mach.PageSize-va.Offset())), nil
}

// faultIn makes va accessible. Bounds are checked here, on the slow path: the page tables show nothing outside them.
func (m *Map) faultIn(va mach.VirtAddr, access mach.Prot) (mach.PhysAddr, error) {
	if va < mach.MinUser || va >= mach.MaxUser {
		return 0, mach.InvalidAddress
	}
	err := m.Fault(va, access)
	if err != nil {
		if err = m.faultSpared(va, access, err); err != nil {
			return 0, err
		}
	}
	if p, ok := m.pmap.Translate(va, access); ok {
		return p, nil
	}
	return 0, mach.Failure
}
