package vm

import (
	"testing"

	"defpager/mach"

	"pgregory.net/rapid"
)

// overcommitted makes an object of n pages without a promise.
func (w *world) overcommitted(t fatal, n mach.PageNumber) *Object {
	t.Helper()
	o, err := NewOvercommitted(w.env, n.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// An overcommitted object promises nothing, however large: its pages take frames at the first touch, until there is none. Then a touch fails, what
// was written stays, and reserved objects do not notice.
func TestOvercommit(t *testing.T) {
	w := newWorld(2 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		before := w.env.Frames.Stats()
		huge, err := NewOvercommitted(w.env, ^uint64(0))
		if err != nil || huge.Limit() != ^uint64(0) || !huge.Overcommitted() {
			t.Fatalf("%v, %#x bytes", err, huge.Limit())
		}
		o, r := w.overcommitted(t, 1<<20), w.reserved(t, 100)
		if s := w.env.Frames.Stats(); s.Reserved > before.Reserved+100+2 {
			t.Fatalf("%d frames are promised", s.Reserved-before.Reserved)
		}
		mapObject(t, m, MapArgs{Address: base, Size: 1 << 30, Object: o})
		mapShared(t, m, base+1<<31, r)
		w.mustStore(t, m, base+1<<31, 77) // and the table
		n := 0
		for err = nil; err == nil; n++ {
			err = w.store(m, at(n), byte(n+1))
		}
		if n--; mach.Code(err) != mach.ResourceShortage || n < 200 {
			t.Fatalf("page %d: %v", n, err)
		}
		for i := range 100 {
			w.mustStore(t, m, base+1<<31+mach.VirtAddr(i)*page, 77)
		}
		for i := range n {
			w.expect(t, m, at(i), byte(i+1))
		}
		w.check(t)
		if err := o.SetLimit(50*page + 1); err != nil {
			t.Fatal(err)
		}
		w.mustStore(t, m, at(50), 1)
		if err := w.store(m, at(51), 1); mach.Code(err) != mach.MemoryError {
			t.Errorf("a touch behind the limit: %v", err)
		}
		w.check(t)
		m.Destroy()
		o.Release()
		r.Release()
		huge.Release()
	})
}

// To shrink, an object gives pages that are out to its copy, where they stay what they were; a page of which a part becomes zeros is waited for.
func TestOvercommitShrinks(t *testing.T) {
	w := newWorld(2 << 20)
	s := newStore(w.env)
	w.env.Backing = s
	w.returned(t, func() {
		m, o := w.newMap(t), w.overcommitted(t, 9)
		mapShared(t, m, base, o)
		for i := range 8 {
			w.mustStore(t, m, at(i), byte(i+1))
			w.mustStore(t, m, at(i)+page-1, byte(i+1))
		}
		copied := base + 16*page
		mapObject(t, m, MapArgs{Address: copied, Size: 9 * page, Object: o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll})
		w.env.sweep(8, 100)
		w.expect(t, m, at(6), 7) // the others are out
		s.slow = true
		if err := o.SetLimit(3*page + 100); err != Wait {
			t.Fatalf("%v, want to wait", err)
		}
		w.env.Forget()
		if o.Limit() != 9*page {
			t.Fatalf("%d bytes", o.Limit())
		}
		w.check(t)
		s.slow = false
		if err := o.SetLimit(3*page + 100); err != nil {
			t.Fatal(err)
		}
		w.check(t)
		if err := o.SetLimit(9 * page); err != nil {
			t.Fatal(err)
		}
		w.mustStore(t, m, at(8), 9)
		w.expect(t, m, copied+8*page, 0)
		for i := range 8 {
			first, last := byte(i+1), byte(i+1)
			if i >= 3 {
				last = 0
			}
			if i >= 4 {
				first = 0
			}
			w.expect(t, m, at(i), first)
			w.expect(t, m, at(i)+page-1, last)
			w.expect(t, m, copied+mach.VirtAddr(i)*page, byte(i+1))
			w.expect(t, m, copied+mach.VirtAddr(i)*page+page-1, byte(i+1))
			w.check(t)
		}
		// A page that is lost stays lost.
		w.env.sweep(16, 200)
		w.env.sweep(16, 200)
		slot := o.at(2)
		if !slot.out() {
			t.Fatal("page 2 is not out")
		}
		s.lost[slot.token()] = true
		if err := o.SetLimit(2*page + 1); err != nil {
			t.Fatal(err)
		}
		if _, err := w.load(m, at(2)); mach.Code(err) != mach.MemoryError {
			t.Errorf("the lost page: %v", err)
		}
		w.check(t)
		m.Destroy()
		o.Release()
		if len(s.pages) != 0 {
			t.Errorf("%d pages are left", len(s.pages))
		}
	})
}

// He who may have n pages out has no more, and no frame that others need; his programs hear of it, others do not.
func TestOutLimit(t *testing.T) {
	w := newWorld(2 << 20)
	s := newStore(w.env)
	w.env.Backing = s
	a, b := NewAccount(nil), NewAccount(nil)
	w.env.SetLimits(a, Limits{ReservedMax: NoLimit, OutMax: 20})
	ma, mb := w.newMap(t), w.newMap(t)
	ma.SetAccount(a)
	mb.SetAccount(b)
	for _, m := range []*Map{ma, mb} {
		if _, err := m.Allocate(base, 1000*page, false); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	var err error
	for ; err == nil; n++ {
		if err = w.store(ma, at(n), byte(n)); err == nil && n < 200 {
			w.mustStore(t, mb, at(n), byte(n))
		}
		if a.Out > a.OutMax {
			t.Fatalf("%d pages are out", a.Out)
		}
	}
	if n--; mach.Code(err) != mach.ResourceShortage {
		t.Fatalf("page %d: %v", n, err)
	}
	w.check(t)
	for i := range 10 {
		w.expect(t, mb, at(i), byte(i))
	}
	others := b.Out
	if w.store(ma, at(n), 1) == nil || b.Out != others {
		t.Errorf("%d pages of the other went out for one that may not go itself", b.Out-others)
	}
	for i := range n {
		w.expect(t, ma, at(i), byte(i))
	}
	for i := range 1000 {
		w.mustStore(t, mb, at(i), byte(i))
	}
	w.check(t)
	a.OutMax = NoLimit
	w.mustStore(t, ma, at(n), 1)
	ma.Destroy()
	mb.Destroy()
	if *a != *NewAccount(nil) || b.Out != 0 || len(s.pages) != 0 {
		t.Errorf("left are %+v, %+v, %d pages", a, b, len(s.pages))
	}
}

// What a task writes stays the task's that wrote it, through copies, forks and the merging of objects: the sum of the accounts is what is out.
func TestOutIsSomebodys(t *testing.T) {
	w := newWorld(2 << 20)
	s := newStore(w.env)
	w.env.Backing = s
	a, b := NewAccount(nil), NewAccount(nil)
	m := w.newMap(t)
	m.SetAccount(a)
	if _, err := m.Allocate(base, 40*page, false); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		w.mustStore(t, m, at(i), 1)
	}
	child, err := m.Fork()
	if err != nil {
		t.Fatal(err)
	}
	child.SetAccount(b)
	for i := range 30 {
		w.mustStore(t, child, at(i), 2)
	}
	w.env.sweep(100, 1000)
	w.check(t)
	if a.Out != 40 || b.Out < 30 || int(a.Out+b.Out) != len(s.pages) {
		t.Fatalf("%d and %d pages are out, want 40 and 30 or, with copies ahead of need, more; %d are", a.Out, b.Out, len(s.pages))
	}
	m.Destroy()
	w.check(t)
	if a.Out != 0 || b.Out != 40 {
		t.Errorf("%d and %d pages are out of a child's 40 whose parent has ended", a.Out, b.Out)
	}
	// What is on its way is nobody's, and then whose it comes to.
	c, err := child.CopyMapIn(base, 40*page, true)
	if err != nil {
		t.Fatal(err)
	}
	last := w.newMap(t)
	last.SetAccount(a)
	if _, err := last.CopyMapOut(c); err != nil {
		t.Fatal(err)
	}
	child.Destroy()
	w.check(t)
	last.Destroy()
	if *a != *NewAccount(nil) || *b != *NewAccount(nil) || len(s.pages) != 0 {
		t.Errorf("left are %+v, %+v, %d pages", a, b, len(s.pages))
	}
}

// Whoever waits for a page adds to what its object was waited for, unless the object is gone.
func TestWaitedForObject(t *testing.T) {
	w := newWorld(2 << 20)
	s := newStore(w.env)
	w.env.Backing = s
	m, o := w.newMap(t), w.overcommitted(t, 4)
	mapShared(t, m, base, o)
	for i := range 4 {
		w.mustStore(t, m, at(i), 1)
	}
	w.env.sweep(4, 100)
	s.slow = true
	w.env.Wake = func(w *Waiter) { w.Waited(10) }
	var waiters [3]Waiter
	for i := range waiters {
		if err := m.Resolve(at(i), mach.ProtRead); err != Wait {
			t.Fatal(err)
		}
		w.env.Await(&waiters[i])
	}
	first := o.at(0).token()
	s.ready[first] = true
	w.env.PageReady(first)
	waiters[1].Waited(5)
	waiters[1].Cancel()
	if o.Waited() != 15 || o.Figures().Waited != 15 {
		t.Errorf("waited %d", o.Waited())
	}
	m.Destroy()
	o.Release() // wakes the third
	var starved Waiter
	o = w.overcommitted(t, 1)
	w.env.wanted = wanted{&w.env.paging, anyPage, o}
	w.env.Await(&starved)
	o.Release()
	if starved.object != nil || !starved.Waiting() {
		t.Error("who waits for frames has still the object")
	}
	starved.Cancel()
	for i := range waiters {
		if waiters[i].Done(); waiters[i].object != nil || waiters[i].Waiting() {
			t.Errorf("waiter %d has still an object", i)
		}
	}
	if w.env.timed != 0 {
		t.Errorf("%d waiters have objects", w.env.timed)
	}
	w.check(t)
}

// overModel is objects with promises and without, of two payers, and what they must hold.
type overModel struct {
	*world
	store    *store
	accounts [2]*Account
	maps     [2]*Map
	objects  [5]*overObject
	copies   [2]*overCopy
	hoarded  []mach.PhysAddr
	value    byte
}

type overObject struct {
	o     *Object
	owner int
	bytes map[uint64]byte // by offset: the first and the last of a page
}

type overCopy struct {
	bytes map[uint64]byte
	size  uint64
}

const (
	overPages  = 150 // of an object, at most
	overWindow = 256 * page
)

func (x *overModel) at(i int, off uint64) mach.VirtAddr {
	return base + mach.VirtAddr(i*overWindow+int(off))
}

func (x *overModel) copyAt(i int, off uint64) mach.VirtAddr {
	return base + mach.VirtAddr((16+i)*overWindow+int(off))
}

func (x *overModel) verify(t *rapid.T) {
	x.check(t)
	s := x.env.Frames.Stats()
	var promised mach.PageNumber
	for _, o := range x.objects {
		if o != nil && !o.o.Overcommitted() {
			promised += mach.PageNumber(o.o.promised)
		}
	}
	if promised > s.Reserved || s.Reserved > s.Free {
		t.Fatalf("objects were promised %d frames, %d are promised in all, %d are free", promised, s.Reserved, s.Free)
	}
	out := 0
	for _, a := range x.accounts {
		out += int(a.Out)
	}
	if out != len(x.store.pages) {
		t.Fatalf("%d pages are out, and %d kept", out, len(x.store.pages))
	}
}

func (x *overModel) pick(t *rapid.T) (int, *overObject) {
	i := rapid.IntRange(0, len(x.objects)-1).Draw(t, "object")
	return i, x.objects[i]
}

func (x *overModel) make(t *rapid.T) {
	i, o := x.pick(t)
	if o != nil {
		return
	}
	size := rapid.Uint64Range(0, overPages*page).Draw(t, "size")
	owner := rapid.IntRange(0, 1).Draw(t, "owner")
	n := mach.Pages(size)
	var err error
	o = &overObject{owner: owner, bytes: map[uint64]byte{}}
	if rapid.Bool().Draw(t, "overcommit") {
		if o.o, err = NewOvercommitted(x.env, size); err != nil {
			return // for want of a frame to lie in
		}
	} else {
		a, s := x.accounts[owner], x.env.Frames.Stats()
		if !a.Fits(n) {
			return
		}
		r, err := x.env.Frames.Reserve(n)
		if (err == nil) != (n <= s.Free-s.Reserved) {
			t.Fatalf("%d frames promised of %d: %v", n, s.Free-s.Reserved, err)
		}
		if err != nil {
			return
		}
		if o.o, err = NewReserved(x.env, size, r); err != nil {
			r.Release()
			return
		}
	}
	o.o.Charge(x.accounts[owner])
	for _, m := range x.maps {
		if _, err := m.Map(&MapArgs{Address: x.at(i, 0), Size: overWindow, Object: o.o, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare}); err != nil {
			x.unmap(i)
			o.o.Release()
			return
		}
	}
	x.objects[i] = o
}

func (x *overModel) unmap(i int) {
	for _, m := range x.maps {
		_ = m.Deallocate(x.at(i, 0), overWindow)
	}
}

func (x *overModel) end(t *rapid.T) {
	i, o := x.pick(t)
	if o == nil {
		return
	}
	x.unmap(i)
	o.o.Release()
	x.objects[i] = nil
}

func (x *overModel) resize(t *rapid.T) {
	_, o := x.pick(t)
	if o == nil {
		return
	}
	before := o.o.Limit()
	size := rapid.Uint64Range(0, overPages*page).Draw(t, "size")
	a, s, more := x.accounts[o.owner], x.env.Frames.Stats(), mach.Pages(size)-mach.Pages(before)
	err := o.o.SetLimit(size)
	if err == Wait && size < before && o.o.Limit() == before && (o.o.copy != nil || o.o.Overcommitted()) { // for frames that page-out is to bring
		x.env.Forget()
		x.env.pageOut()
		return
	}
	if err != nil {
		if mach.Code(err) != mach.ResourceShortage || o.o.Limit() != before {
			t.Fatalf("from %d to %d bytes: %v, %d", before, size, err, o.o.Limit())
		}
		if size > before && (o.o.Overcommitted() || more+8 < s.Free-s.Reserved && a.Fits(more)) {
			t.Fatalf("from %d to %d bytes: %v, with %d frames", before, size, err, s.Free-s.Reserved)
		}
		return
	}
	if !o.o.Overcommitted() && size > before && a.Reserved > a.ReservedMax && more != 0 {
		t.Fatalf("%d frames are promised, %d may be", a.Reserved, a.ReservedMax)
	}
	for off := range o.bytes {
		if off >= size && size < before { // what was written behind a limit stays while that does
			delete(o.bytes, off)
		}
	}
}

// byteOf is an offset that the model knows about: the first or the last byte of a page.
func byteOf(t *rapid.T) uint64 {
	return rapid.Uint64Range(0, overPages-1).Draw(t, "page")*page + rapid.SampledFrom([]uint64{0, page - 1}).Draw(t, "byte")
}

func (x *overModel) access(t *rapid.T) {
	i, o := x.pick(t)
	if o == nil {
		return
	}
	m := x.maps[rapid.IntRange(0, 1).Draw(t, "map")]
	first := byteOf(t)
	write := rapid.Bool().Draw(t, "write")
	for off := first; off < first+rapid.Uint64Range(1, 30).Draw(t, "pages")*page && off < overPages*page; off += page {
		var err error
		got := byte(0)
		if write {
			x.value++
			err = x.world.store(m, x.at(i, off), x.value)
		} else {
			got, err = x.load(m, x.at(i, off))
		}
		if err == Wait { // for frames that page-out is to bring
			x.env.Forget()
			x.env.pageOut()
			return
		}
		switch n := mach.PageNumber(off >> mach.PageShift); {
		case n >= mach.Pages(o.o.Limit()):
			if mach.Code(err) != mach.MemoryError {
				t.Fatalf("behind the limit: %v", err)
			}
		case err == nil && write:
			o.bytes[off] = x.value // of the last page also behind the limit, until that moves down
		case err == nil:
			if got != o.bytes[off] {
				t.Fatalf("byte %#x is %d, want %d", off, got, o.bytes[off])
			}
		case mach.Code(err) != mach.ResourceShortage:
			t.Fatal(err)
		case !o.o.Overcommitted() && o.o.resident(n) == 0 && (o.o.copy == nil || o.o.copy.lost):
			t.Fatalf("page %d of a reserved object: %v", n, err) // with a frame it was a table that was missing
		}
	}
}

func (x *overModel) copy(t *rapid.T) {
	c := rapid.IntRange(0, 1).Draw(t, "copy")
	if x.copies[c] != nil {
		if x.maps[0].Deallocate(x.copyAt(c, 0), overWindow) == nil {
			x.copies[c] = nil
		}
		return
	}
	_, o := x.pick(t)
	if o == nil {
		return
	}
	_, err := x.maps[0].Map(&MapArgs{Address: x.copyAt(c, 0), Size: overWindow, Object: o.o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll})
	if err != nil {
		return
	}
	x.copies[c] = &overCopy{bytes: map[uint64]byte{}, size: o.o.Limit()}
	for off, b := range o.bytes {
		x.copies[c].bytes[off] = b
	}
}

func (x *overModel) look(t *rapid.T) {
	i := rapid.IntRange(0, 1).Draw(t, "copy")
	c := x.copies[i]
	if c == nil {
		return
	}
	first := byteOf(t)
	for off := first; off < min(first+30*page, c.size); off += page {
		x.lookAt(t, i, off)
	}
}

func (x *overModel) lookAt(t *rapid.T, i int, off uint64) {
	c := x.copies[i]
	got, err := x.load(x.maps[0], x.copyAt(i, off))
	if err == Wait {
		x.env.Forget()
		return
	}
	switch {
	case err == nil && off < c.size && got != c.bytes[off]:
		t.Fatalf("byte %#x of a copy is %d, want %d", off, got, c.bytes[off])
	case mach.Code(err) == mach.MemoryError && off < c.size:
		for o := x.maps[0].find(x.copyAt(i, off)).object; o != nil; o = o.shadow {
			if o.lost {
				return
			}
		}
		t.Fatalf("byte %#x of a copy: %v", off, err)
	}
}

func (x *overModel) shortage(t *rapid.T) {
	if x.hoarded != nil {
		for _, f := range x.hoarded {
			x.env.Frames.Free(f)
		}
		x.hoarded = nil
		return
	}
	keep := rapid.IntRange(0, 60).Draw(t, "frames left")
	for s := x.env.Frames.Stats(); s.Free-s.Reserved > mach.PageNumber(keep); s = x.env.Frames.Stats() {
		f, err := x.env.Frames.Alloc()
		if err != nil {
			t.Fatal(err)
		}
		x.hoarded = append(x.hoarded, f)
	}
}

func (x *overModel) limits(t *rapid.T) {
	a := x.accounts[rapid.IntRange(0, 1).Draw(t, "account")]
	limit := rapid.OneOf(rapid.Just(NoLimit), rapid.Map(rapid.IntRange(0, 300), func(n int) mach.PageNumber { return mach.PageNumber(n) }))
	x.env.SetLimits(a, Limits{ReservedMax: limit.Draw(t, "reserved"), OutMax: limit.Draw(t, "out")})
}

// TestOvercommitModel: whatever is promised can be backed, and is what it was; what is not promised is what it was, or the touch fails; and each page
// that is out is somebody's.
func TestOvercommitModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := &overModel{world: newWorld(2 << 20), accounts: [2]*Account{NewAccount(nil), NewAccount(nil)}}
		x.store = newStore(x.env)
		x.store.room = rapid.IntRange(0, 400).Draw(t, "room")
		x.env.Backing = x.store
		before := x.env.Frames.Stats()
		for i := range x.maps {
			x.maps[i] = x.newMap(t)
			x.maps[i].SetAccount(x.accounts[i])
		}
		for range 3 {
			x.make(t)
		}
		t.Repeat(map[string]func(*rapid.T){
			"": x.verify, "make": x.make, "end": x.end, "resize": x.resize, "resize one": x.resize, "copy": x.copy, "look": x.look, "look again": x.look,
			"access": x.access, "access again": x.access, "access more": x.access, "shortage": x.shortage, "limits": x.limits,
		})
		if x.hoarded != nil {
			x.shortage(t)
		}
		for i, o := range x.objects {
			if o != nil {
				x.unmap(i)
				o.o.Release()
			}
		}
		for i, m := range x.maps {
			m.Destroy()
			if x.accounts[i].Limits = (Limits{}); *x.accounts[i] != (Account{}) {
				t.Fatalf("account %d has %+v", i, x.accounts[i])
			}
		}
		x.check(t)
		if s := x.env.Frames.Stats(); s.Free != before.Free || s.Reserved != before.Reserved || len(x.store.pages) != 0 {
			t.Fatalf("frames before %+v, after %+v, %d pages are kept", before, s, len(x.store.pages))
		}
	})
}
