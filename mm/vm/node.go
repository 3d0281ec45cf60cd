package vm

import (
	"fmt"
	"math/bits"

	"defpager/board"
	"defpager/mach"
	"defpager/mm/frame"
)

// A radix node is 64 slots of 8 bytes. Seven share a frame with a header in place of the eighth, so nodes cost the Go
// heap nothing, the collector never sees them, and a task that wants many pays for them in frames like everyone else.
const (
	nodeShift     = 6
	nodeSlots     = 1 << nodeShift
	nodeBytes     = nodeSlots * 8
	nodesPerFrame = mach.PageSize/nodeBytes - 1
)

// Words of a node frame's header.
const (
	headUsed  = 0 // bit i: node i of this frame is in use, i = 1..7
	headPrev  = 1 // neighbours in the list of frames that have a free node
	headNext  = 2
	headCount = 8 // word headCount+i: slots of node i that are not 0
)

// nodeRef names a node by its physical address; 0 is none.
type nodeRef = mach.PhysAddr

type node = [nodeSlots]uint64

// nodePool hands out radix nodes.
//
// A promise of n nodes makes the next n calls of take with promised=true succeed: that is how a reserved object's fault
// cannot fail for want of a node. Invariant: promised <= free + nodesPerFrame * reserve.Pages().
type nodePool struct {
	mem      *board.Memory
	frames   *frame.Allocator
	partial  mach.PhysAddr // first frame with a free node
	held     uint64        // frames that hold nodes
	free     uint64        // free nodes in those frames
	used     uint64
	promised uint64
	reserve  frame.Reservation
}

// at views a node.
func (p *nodePool) at(r nodeRef) *node {
	i := (r & mach.PageMask) / 8
	return (*node)(p.mem.Table(r.Trunc())[i : i+nodeSlots])
}

// count is the word that counts the used slots of a node.
func (p *nodePool) count(r nodeRef) *uint64 {
	return &p.mem.Table(r.Trunc())[headCount+(r&mach.PageMask)/nodeBytes]
}

// promise sets n nodes aside. It fails with ResourceShortage, and then promises none.
func (p *nodePool) promise(n uint64) error {
	if want, have := p.promised+n, p.free+nodesPerFrame*uint64(p.reserve.Pages()); want > have {
		if !p.reserve.Extend(mach.PageNumber((want - have + nodesPerFrame - 1) / nodesPerFrame)) {
			return mach.ResourceShortage
		}
	}
	p.promised += n
	return nil
}

// forget takes a promise of n nodes back.
func (p *nodePool) forget(n uint64) {
	p.promised -= n
	p.trim()
}

// trim gives back reserved frames that no promise needs.
func (p *nodePool) trim() {
	var need uint64
	if p.promised > p.free {
		need = (p.promised - p.free + nodesPerFrame - 1) / nodesPerFrame
	}
	if have := uint64(p.reserve.Pages()); have > need {
		p.reserve.Shrink(mach.PageNumber(have - need))
	}
}

// take hands out a node of zeros that was promised before.
func (p *nodePool) take() nodeRef {
	if p.partial == 0 {
		p.addFrame(p.reserve.Take())
	}
	p.promised--
	f := p.partial
	h := p.mem.Table(f)
	i := uint64(1)
	for h[headUsed]>>i&1 != 0 {
		i++
	}
	h[headUsed] |= 1 << i
	if h[headUsed] == 1<<(nodesPerFrame+1)-2 {
		p.unlink(f)
	}
	p.free--
	p.used++
	return f + nodeRef(i*nodeBytes)
}

// put takes a node back. All its slots are 0. With keep its promise stands again.
func (p *nodePool) put(r nodeRef, keep bool) {
	f := r.Trunc()
	h := p.mem.Table(f)
	if h[headUsed] == 1<<(nodesPerFrame+1)-2 {
		p.link(f)
	}
	i := (r & mach.PageMask) / nodeBytes
	h[headUsed] &^= 1 << i
	p.free++
	p.used--
	if keep {
		p.promised++
	}
	if h[headUsed] != 0 {
		return
	}
	p.unlink(f)
	p.held--
	p.free -= nodesPerFrame
	if p.promised <= p.free+nodesPerFrame*uint64(p.reserve.Pages()) {
		p.frames.Free(f)
		return
	}
	p.reserve.Put(f)
}

// inUse is how many frames nodes lie in: those with room, which are listed, and as many as the other nodes fill.
func (p *nodePool) inUse() (frames mach.PageNumber) {
	used := p.used
	for f := p.partial; f != 0; {
		h := p.mem.Table(f)
		if n := bits.OnesCount64(h[headUsed]); n != 0 {
			frames++
			used -= uint64(n)
		}
		f = mach.PhysAddr(h[headNext])
	}
	return frames + mach.PageNumber(used/nodesPerFrame)
}

func (p *nodePool) addFrame(f mach.PhysAddr) {
	p.link(f)
	p.held++
	p.free += nodesPerFrame
}

func (p *nodePool) link(f mach.PhysAddr) {
	h := p.mem.Table(f)
	h[headPrev], h[headNext] = 0, uint64(p.partial)
	if p.partial != 0 {
		p.mem.Table(p.partial)[headPrev] = uint64(f)
	}
	p.partial = f
}

func (p *nodePool) unlink(f mach.PhysAddr) {
	h := p.mem.Table(f)
	prev, next := mach.PhysAddr(h[headPrev]), mach.PhysAddr(h[headNext])
	if prev != 0 {
		p.mem.Table(prev)[headNext] = uint64(next)
	} else {
		p.partial = next
	}
	if next != 0 {
		p.mem.Table(next)[headPrev] = uint64(prev)
	}
}

// nodesFor is the most nodes that a tree of pages [0, n) can have.
func nodesFor(n mach.PageNumber) uint64 {
	var total uint64
	for n > 1 {
		n = (n + nodeSlots - 1) >> nodeShift
		total += uint64(n)
	}
	return total
}

// check verifies the counts, the list of partly used frames, and the promise.
func (p *nodePool) check() error {
	if p.promised > p.free+nodesPerFrame*uint64(p.reserve.Pages()) {
		return fmt.Errorf("node pool: %d promised, %d free and %d reserved frames", p.promised, p.free, p.reserve.Pages())
	}
	if p.used+p.free != p.held*nodesPerFrame {
		return fmt.Errorf("node pool: %d used + %d free nodes in %d frames", p.used, p.free, p.held)
	}
	var free uint64
	prev := uint64(0)
	for f := p.partial; f != 0; {
		h := p.mem.Table(f)
		if h[headPrev] != prev {
			return fmt.Errorf("node frame %#x: wrong back link", f)
		}
		for i := 1; i <= nodesPerFrame; i++ {
			if h[headUsed]>>i&1 != 0 {
				continue
			}
			free++
			r := f + nodeRef(i*nodeBytes)
			if *p.at(r) != (node{}) || *p.count(r) != 0 {
				return fmt.Errorf("node %#x: free, but not zero", r)
			}
		}
		prev, f = uint64(f), mach.PhysAddr(h[headNext])
	}
	if n := p.inUse(); n != mach.PageNumber(p.held) {
		return fmt.Errorf("node pool: %d frames hold nodes, of %d", n, p.held)
	}
	if free != p.free {
		return fmt.Errorf("node pool: %d free nodes listed, %d counted", free, p.free)
	}
	return nil
}
