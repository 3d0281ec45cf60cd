package frame

import "defpager/mach"

// Reservation is a promise of frames: as long as Pages is not zero, Take cannot fail. The zero value holds none.
// It has one owner; copying it would promise the same frames twice.
type Reservation struct {
	from  *Allocator
	pages uint64
}

// Reserve promises n frames, or fails with ResourceShortage and promises none.
func (a *Allocator) Reserve(n mach.PageNumber) (Reservation, error) {
	r := Reservation{from: a}
	return r, r.Grow(n)
}

// Claim is the reservation of n frames whose owner keeps nothing but their number between uses.
func (a *Allocator) Claim(n mach.PageNumber) Reservation { return Reservation{a, uint64(n)} }

// Pages is how many frames the reservation still holds.
func (r *Reservation) Pages() mach.PageNumber { return mach.PageNumber(r.pages) }

// Grow adds n frames to the promise, or fails with ResourceShortage and adds none.
func (r *Reservation) Grow(n mach.PageNumber) error {
	if r.Extend(n) {
		return nil
	}
	a := r.from
	return mach.ResourceShortage.With("%d frames asked for, %d of %d are free and not reserved", n, a.free-a.reserved, a.total)
}

// Extend is Grow without words, for who may take nothing from Go's heap. It reports whether the promise was made.
func (r *Reservation) Extend(n mach.PageNumber) bool {
	a := r.from
	if left := a.free - a.reserved; uint64(n) > left || n != 0 && a.Fuse.Blows() {
		if uint64(n) <= a.total {
			_ = a.refuse(uint64(n) - min(left, uint64(n)-1))
		}
		return false
	}
	a.reserved += uint64(n)
	r.pages += uint64(n)
	return true
}

// Shrink gives n of the promised frames up; n is at most Pages.
func (r *Reservation) Shrink(n mach.PageNumber) {
	if uint64(n) > r.pages {
		panic("frame: giving up more than is reserved")
	}
	r.pages -= uint64(n)
	r.from.reserved -= uint64(n)
}

// Release gives up all that is still promised. Frames taken before stay with their owner.
func (r *Reservation) Release() {
	if r.pages != 0 {
		r.Shrink(mach.PageNumber(r.pages))
	}
}

// Take hands out one zeroed frame of the promise. Precondition: Pages is not zero.
func (r *Reservation) Take() mach.PhysAddr {
	if r.pages == 0 {
		panic("frame: taking more than was reserved")
	}
	r.pages--
	r.from.reserved--
	return r.from.takeZeroed()
}

// TakeOrder hands out 2^order zeroed frames of the promise in one aligned block, or reports false when there is no such
// block or the promise is smaller.
func (r *Reservation) TakeOrder(order uint) (mach.PhysAddr, bool) {
	if order > MaxOrder || r.pages < 1<<order || r.from.Fuse.Blows() {
		return 0, false
	}
	p, ok := r.from.takeBlock(order)
	if ok {
		r.pages -= 1 << order
		r.from.reserved -= 1 << order
	}
	return p, ok
}

// Put takes a frame back into the promise it was taken from.
func (r *Reservation) Put(p mach.PhysAddr) {
	r.from.Free(p)
	r.from.reserved++
	r.pages++
}
