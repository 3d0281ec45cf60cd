package backing

import "defpager/mach"

// RemoveArea takes an area out of use: first its pages are read, to stay in memory or go to other areas. done is called when that is over, by
// Poll: ErrFull says that there is no room for them, and the area stays.
func (b *Backing) RemoveArea(name string, done func(error)) error {
	for _, p := range b.areas {
		if p == nil || p.Name() != name {
			continue
		}
		if p.drained != nil {
			return ErrBusy
		}
		p.drained, p.walk = done, 1
		return nil
	}
	return ErrUnknown
}

// drain goes on with the removal of area i.
func (b *Backing) drain(i int, p *place) {
	if p.Room() == p.Slots() {
		b.areas[i] = nil
		p.drained(nil)
		return
	}
	b.squeeze(cluster)
	entries := uint32(b.table.count * entriesInFrame)
	for ; p.walk < entries; p.walk++ {
		e := b.at(p.walk)
		if e.kind() != disk || e.area() != i {
			continue
		}
		if b.wants.count != 0 || !b.canMove() {
			if p.stalled++; p.stalled > stalledMax && !b.Busy() {
				b.stay(p, ErrFull)
			}
			return
		}
		p.stalled = 0
		b.startRead(p.walk, e)
	}
	p.walk = 1 // for pages whose write was under way when the walk came by
}

// canMove reports whether another page of an area that is removed may come to memory: to stay there, or on its way to another area.
func (b *Backing) canMove() bool {
	s := b.frames.Stats()
	if _, p := b.best(); p != nil {
		return b.raws.count < cluster*writesMax && s.Free-s.Reserved > asideFrames
	}
	return s.Free-s.Reserved > s.Total/64
}

// stalledMax is how many times in a row Poll finds no memory for the pages of an area that is removed before that is given up.
const stalledMax = 200

// squeeze compresses up to n of the waiting pages, which may have been compressed before they went to the disk.
func (b *Backing) squeeze(n int) {
	for number := b.raws.first; number != 0 && n > 0; n-- {
		e := b.at(number)
		next, f := e.next(), mach.PhysAddr(e[2])
		if b.compress(number, b.mem.Frame(f)) {
			b.remove(&b.raws, number)
			b.push(&b.old, number)
			b.frames.Free(f)
			b.topUp()
		}
		number = next
	}
}

// stay ends the removal.
func (b *Backing) stay(p *place, err error) {
	done := p.drained
	p.drained = nil
	done(err)
}
