package share

import (
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/libmach"
)

// Peer is the creator's view of a sharer or reader. All calls wait for the reply; their errors are those of the message or
// of what the peer did.
type Peer struct {
	Client *libmach.Client
	Port   mach.Name // send right
}

// Map gives the peer a right to the object, to map size bytes of it, and answers the SHA-256 that the peer saw. Quiet is a
// rehearsal: nothing is printed, and Part says what is seen.
func (p *Peer) Map(object mach.Name, size uint64, quiet bool) (sum [HashSize]byte, ret mach.Return) {
	w := p.Client.Request()
	w.Port(mach.MsgCopySend, object)
	w.Uint64(size)
	w.Bool(quiet)
	r, ret := p.Client.CallComplex(p.Port, idMap)
	if ret != mach.Success {
		return sum, ret
	}
	copy(sum[:], r.Bytes(mach.MsgByte, 8, HashSize))
	return sum, r.End()
}

// Write makes the peer write into the object.
func (p *Peer) Write(at Place, value uint64) mach.Return {
	w := p.Client.Request()
	putPlace(w, at)
	w.Uint64(value)
	r, ret := p.Client.Call(p.Port, idWrite)
	if ret != mach.Success {
		return ret
	}
	return r.End()
}

// See answers what the peer sees in the object.
func (p *Peer) See(at Place) (uint64, mach.Return) {
	putPlace(p.Client.Request(), at)
	r, ret := p.Client.Call(p.Port, idSee)
	if ret != mach.Success {
		return 0, ret
	}
	value := r.Uint64()
	return value, r.End()
}

// Release makes the peer unmap the object and drop its right.
func (p *Peer) Release() mach.Return {
	p.Client.Request()
	r, ret := p.Client.Call(p.Port, idRelease)
	if ret != mach.Success {
		return ret
	}
	return r.End()
}

// Quit ends the peer. It does not wait.
func (p *Peer) Quit() mach.Return {
	buf := libmach.NewBuffer(mach.HeaderSize)
	w := mig.NewWriter(buf)
	return libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0), p.Port, mach.NameNull, idQuit), 0, 0)
}

func putPlace(w *mig.Writer, p Place) {
	w.Uint64(p.Offset)
	w.Uint32(p.Width)
}

func getPlace(r *mig.Reader) Place { return Place{r.Uint64(), r.Uint32()} }
