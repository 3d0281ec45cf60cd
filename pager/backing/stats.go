package backing

import (
	"fmt"

	"defpager/mach"
	"defpager/mm/vm"
)

// Stats are counts of pages, now and since the start.
type Stats struct {
	Words      int // kept as the word that they repeat
	Compressed int // in blobs
	Waiting    int // in frames of their own: to be written, or just read
	OnDisk     int
	Lost       int

	Bytes  uint64          // of all blobs
	Frames mach.PageNumber // that the backing holds: blobs, waiting pages, tables

	Stored, Fetched, Written, Read uint64
	Retried                        uint64 // reads that were tried again
}

// Stats counts.
func (b *Backing) Stats() Stats {
	s := b.stats
	s.Compressed, s.Bytes = b.blobs.count, b.blobs.bytes
	for _, e := range b.entries {
		switch e.kind() {
		case word:
			s.Words++
		case raw:
			s.Waiting++
		case disk, reading, ahead, clean:
			s.OnDisk++
		}
	}
	s.Frames = b.Held()
	return s
}

// Held is how many frames the backing holds. It takes time in proportion to the pages that it keeps.
func (b *Backing) Held() mach.PageNumber {
	n := b.table.frames + b.blobs.frames
	for _, e := range b.entries {
		if k := e.kind(); k == raw || k == clean {
			n++
		}
	}
	for i := range b.reads {
		n += b.reads[i].n
	}
	for _, p := range b.areas {
		if p != nil {
			n += int(p.Held())
		}
	}
	return mach.PageNumber(n)
}

// Pages is how many pages are kept.
func (b *Backing) Pages() int { return b.stats.Words + b.table.used }

// Where implements vm.Backing.
func (b *Backing) Where(t vm.Token) vm.Tier {
	if t&tokenWord != 0 {
		return vm.TierWord
	}
	switch b.at(uint32(t)).kind() {
	case word:
		return vm.TierWord
	case blob:
		return vm.TierCompressed
	case raw:
		return vm.TierWaiting
	case lost:
		return vm.TierLost
	default:
		return vm.TierDisk
	}
}

// Check verifies the lists and counts.
func (b *Backing) Check() error {
	var kinds [lost + 1]int
	flying, asked := 0, 0
	for _, e := range b.entries {
		kinds[e.kind()]++
		switch {
		case e.op() == 0:
		case e.kind() == clean:
			asked++
		case e.kind() != reading && e.kind() != disk:
			flying++
		}
	}
	used := kinds[blob] + kinds[raw] + kinds[disk] + kinds[reading] + kinds[ahead] + kinds[clean] + kinds[word] + kinds[lost]
	if used != b.table.used || kinds[lost] != b.stats.Lost || kinds[blob] != b.blobs.count {
		return fmt.Errorf("backing: %d entries are used, counted %d; %d lost, counted %d; %d blobs, counted %d", used, b.table.used, kinds[lost], b.stats.Lost, kinds[blob], b.blobs.count)
	}
	if err := b.checkTable(); err != nil {
		return err
	}
	if b.old.count+b.raws.count+flying != kinds[blob]+kinds[raw] {
		return fmt.Errorf("backing: %d compressed and %d waiting pages are listed and %d are being written, of %d and %d", b.old.count, b.raws.count, flying, kinds[blob], kinds[raw])
	}
	slots := make(map[int]int)
	for i := range b.writes {
		if w := &b.writes[i]; w.n != 0 {
			slots[w.area] += w.n
		}
	}
	reads := 0
	for i := range b.reads {
		r := &b.reads[i]
		slots[r.area] += r.n
		for j, n := range r.entries[:r.n] {
			if n == 0 {
				continue
			}
			if reads++; b.at(n).slot() != r.first+uint32(j) || b.at(n).area() != r.area {
				return fmt.Errorf("backing: page %d is read from slot %d, and is in %d", n, r.first+uint32(j), b.at(n).slot())
			}
		}
	}
	if reads+b.wants.count != kinds[reading]+kinds[ahead] || b.cleans.count != kinds[clean] || b.asked != asked {
		return fmt.Errorf("backing: %d pages are being read and %d are to be, counted %d and %d; %d were read, counted %d; %d of these were asked for, counted %d",
			reads, b.wants.count, kinds[reading], kinds[ahead], b.cleans.count, kinds[clean], b.asked, asked)
	}
	for i, e := range b.entries {
		if e.kind() == disk || e.kind() == clean || e.kind() == reading && e.op() != 0 {
			slots[e.area()]++
		}
		if n := e.next(); e.kind() == disk && n != 0 {
			if o := b.at(n); o.kind() != disk || o.area() != e.area() || o.prev() != i || o.slot() <= e.slot() {
				return fmt.Errorf("backing: page %d on a disk is before %d, which is %d of area %d, behind %d", i, n, o.kind(), o.area(), o.prev())
			}
		}
	}
	for i, p := range b.areas {
		if p != nil && p.Slots()-p.Room() != slots[i] {
			return fmt.Errorf("backing: %s has %d slots in use, %d of them known", p.Name(), p.Slots()-p.Room(), slots[i])
		}
	}
	return nil
}
