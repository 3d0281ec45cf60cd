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
		p.drained, p.walk, p.stalled, p.refused = done, 1, 0, 0
		return nil
	}
	return ErrUnknown
}

// drain goes on with the removal of area i.
func (b *Backing) drain(i int, p *place) {
	if p.Room() == p.Slots() {
		b.forget(i)
		p.drained(nil)
		return
	}
	if p.needed() {
		b.stay(p, ErrFull)
		return
	}
	b.squeeze(cluster)
	entries := uint32(b.table.count * entriesInFrame)
	for ; p.walk < entries; p.walk++ {
		if b.table.chunks[p.walk/entriesInFrame] == 0 {
			continue
		}
		e := b.at(p.walk)
		if e.kind() == clean && e.area() == i {
			f := b.take(p.walk, e)
			e.set(raw, 0, uint64(f))
			b.push(&b.raws, p.walk)
		}
		if e.kind() != disk || e.area() != i {
			continue
		}
		if b.wants.count != 0 || !b.canMove() || !b.read(p.walk, e) {
			if b.stuck(p) {
				b.stay(p, ErrFull)
			}
			return
		}
		p.stalled = 0
		e.set(ahead, i, e[2]) // nobody asked for it
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

// An area that is removed stays when no memory was found for its pages for so many nanoseconds, and as often as this: the clock goes on also
// while the machine itself stands still, under an emulator on a busy host.
const (
	stalledTime  = 2e9
	stalledPolls = 200
)

// refusedMax is how many pages may find no room, while an area is removed and there is no other, before that is given up: for want of frames a program would
// come to an end that needs no more memory than it had. Where another has room, pages only wait until those before them are written.
const refusedMax = 64

// needed reports whether an area that is being removed has to stay.
func (p *place) needed() bool { return p.refused > refusedMax }

// refuse notes that a page found no room, and will find none while an area is removed.
func (b *Backing) refuse() {
	if _, p := b.best(); p != nil {
		return
	}
	for _, p := range b.areas {
		if p != nil && p.drained != nil {
			p.refused++
		}
	}
}

// stuck notes that there is no memory for the next page of an area that is removed, and reports whether there will be none. What is being read or
// written is worth waiting for.
func (b *Backing) stuck(p *place) bool {
	now := b.config.Now()
	if p.stalled == 0 || b.moving() {
		p.stalled, p.since = 0, now
	}
	p.stalled++
	return p.stalled > stalledPolls && now-p.since > stalledTime
}

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
