package disks

import (
	"encoding/binary"

	"defpager/board/disk"
	"defpager/mach"
	"defpager/mm/vm"
	"defpager/pager/backing"
	"defpager/pager/store"
)

// Speed is how long it took to write so many bytes, in nanoseconds.
type Speed struct {
	Bytes        uint64
	Plain, Paged int64 // in large writes of the disk's own; by page-out
	Cipher       store.Cipher
}

const (
	measureOrder   = 5 // of a plain write's buffer, in pages: the size of page-out's own writes
	measureWrites  = 8 // under way
	measurePercent = 75
)

// Measure writes to a disk that is not in use, once in large plain writes and once by all that page-out does with pages that do not compress:
// finding that out, encryption, clusters. The pages are there before the clock runs. With a rate, in bytes a second, the disk is made as slow as that.
// What the disk holds is lost. Nobody else runs meanwhile. Errors: as Add, and what the disk says.
func (s *Disks) Measure(of string, rate int64, now func() int64) (Speed, error) {
	d := s.find(of)
	if d == nil {
		return Speed{}, ErrNoDisk
	}
	if rate != 0 {
		d = disk.NewRated(d, rate, now)
	}
	all := store.Run{Blocks: d.Blocks()}
	for a := range s.Areas {
		if a, ok := a.(*store.Area); ok && a.On(d, all) {
			return Speed{}, ErrInUse
		}
	}
	memory := s.config.Frames.Stats()
	n := min(int(all.Blocks)*measurePercent/100, 1<<13, int(memory.Free-memory.Reserved)/2) >> measureOrder << measureOrder
	if n == 0 {
		return Speed{}, disk.ErrRange
	}
	r := Speed{Bytes: mach.PageNumber(n).Bytes()}
	var err error
	start := now()
	if err = s.plain(d, n); err == nil {
		r.Plain = now() - start
		err = s.paged(&r, d, n, now)
	}
	return r, err
}

// plain writes n blocks in large writes.
func (s *Disks) plain(d disk.Disk, n int) (err error) {
	var requests [measureWrites]disk.Request
	var busy [measureWrites]bool
	flying := 0
	for i := range requests {
		f, short := s.config.Frames.AllocOrder(measureOrder)
		if short != nil {
			return short
		}
		defer s.config.Frames.FreeOrder(f, measureOrder)
		requests[i] = disk.Request{Write: true, Data: s.config.Mem.Bytes(f, mach.PageSize<<measureOrder), Done: func(e error) {
			busy[i] = false
			flying--
			if e != nil {
				err = e
			}
		}}
		fill(requests[i].Data, uint64(i))
	}
	for at := 0; at < n && err == nil || flying != 0; d.Poll() {
		for i := range requests {
			if busy[i] || at >= n || err != nil {
				continue
			}
			requests[i].First = disk.Block(at)
			if !d.Start(&requests[i]) {
				break
			}
			busy[i] = true
			flying++
			at += 1 << measureOrder
		}
	}
	return err
}

// paged pages n pages out to the disk, by a backing of its own, and notes how long it took.
func (s *Disks) paged(r *Speed, d disk.Disk, n int, now func() int64) error {
	b, err := backing.New(backing.Config{
		Mem: s.config.Mem, Frames: s.config.Frames, PageReady: func(vm.Token) {}, FramesReady: func() {}, Now: now, Log: func(string, ...any) {},
	})
	if err != nil {
		return err
	}
	defer b.Free()
	a, err := store.New(store.Config{Name: "measured", Disk: d, Runs: []store.Run{{Blocks: d.Blocks()}}, Mem: s.config.Mem, Frames: s.config.Frames, Random: s.config.Random, Now: now})
	if err != nil {
		return err
	}
	r.Cipher = a.Cipher()
	defer a.Free(s.config.Frames)
	if err := b.AddArea(a); err != nil {
		return err
	}
	pages, err := s.noise(n)
	tokens := make([]vm.Token, 0, n)
	start := now()
	for len(tokens) < len(pages) && err == nil {
		f := pages[len(tokens)]
		token, ok := b.Store(f)
		for ; !ok && b.Active(); token, ok = b.Store(f) {
			b.Poll()
		}
		if ok {
			tokens = append(tokens, token)
		} else {
			err = backing.ErrFull
		}
	}
	for _, f := range pages[len(tokens):] {
		s.config.Frames.Free(f)
	}
	for b.Poll(); b.Active(); b.Poll() {
	}
	r.Paged = now() - start
	for _, token := range tokens {
		if err == nil && b.Where(token) != vm.TierDisk {
			err = backing.ErrFull
		}
		b.Drop(token)
	}
	return err
}

// noise is n frames of what does not compress.
func (s *Disks) noise(n int) (pages []mach.PhysAddr, err error) {
	pages = make([]mach.PhysAddr, 0, n)
	for len(pages) < n {
		f, err := s.config.Frames.AllocDirty()
		if err != nil {
			return pages, err
		}
		fill(s.config.Mem.Frame(f)[:], uint64(len(pages)))
		pages = append(pages, f)
	}
	return pages, nil
}

// fill writes what does not compress.
func fill(data []byte, seed uint64) {
	x := seed*0x9e3779b97f4a7c15 | 1
	for ; len(data) >= 8; data = data[8:] {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		binary.LittleEndian.PutUint64(data, x)
	}
}
