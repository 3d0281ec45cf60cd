package info

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"defpager/board"
	"defpager/mach"
)

// Read copies what the loader left at physical address at. It fails only if there is no structure of that loader there;
// damaged parts are left out.
func Read(mem *board.Memory, l Loader, at mach.PhysAddr) (*Info, error) {
	r := raw{mem, l, at}
	if !r.valid() {
		return nil, fmt.Errorf("no %v structure at %#x", l, uint64(at))
	}
	i := &Info{Loader: l, CommandLine: r.command(), ACPI: r.acpi()}
	var entries []Entry
	r.eachMemory(func(e Entry) { entries = append(entries, e) })
	i.Memory = Sanitize(entries)
	i.Screen = r.screen(i.Memory)
	r.eachTaken(func(t board.Range) { i.taken = append(i.taken, t) })
	r.eachModule(func(m module) {
		if l == PVH && len(m.command) == 0 {
			i.Modules = append(i.Modules, Unpack(mem, m.data, i.Arguments())...)
			return
		}
		i.Modules = append(i.Modules, board.Module{Command: string(m.command), Data: m.data})
	})
	return i, nil
}

// Sanitize sorts a memory map, cuts overlaps so that the more cautious kind stays (anything before RAM, higher numbers
// before lower), drops empty entries and merges neighbours of one kind.
func Sanitize(entries []Entry) []Entry {
	var cuts []mach.PhysAddr
	for _, e := range entries {
		if e.Size != 0 {
			cuts = append(cuts, e.Start, e.End())
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var clean []Entry
	for k := 1; k < len(cuts); k++ {
		piece := Entry{Range: board.Range{Start: cuts[k-1], Size: uint64(cuts[k] - cuts[k-1])}}
		for _, e := range entries {
			if overlap(e.Range, piece.Range) {
				piece.Kind = max(piece.Kind, e.Kind)
			}
		}
		if piece.Kind == 0 {
			continue // a hole
		}
		if n := len(clean); n > 0 && clean[n-1].Kind == piece.Kind && clean[n-1].End() == piece.Start {
			clean[n-1].Size += piece.Size
			continue
		}
		clean = append(clean, piece)
	}
	return clean
}

// Options are the words of the command line that are meant for the kernel: those before "--".
func (i *Info) Options() []string {
	before, _ := cutWords(strings.Fields(i.CommandLine))
	return before
}

// Arguments are the words of the command line behind "--": for a program that is the whole initrd.
func (i *Info) Arguments() []string {
	_, behind := cutWords(strings.Fields(i.CommandLine))
	return behind
}

func cutWords(words []string) (before, behind []string) {
	if at := slices.Index(words, "--"); at >= 0 {
		return words[:at], words[at+1:]
	}
	return words, nil
}

// Limit is the first address behind all RAM.
func (i *Info) Limit() mach.PhysAddr {
	end := mach.PhysAddr(0)
	for _, e := range i.Memory {
		if e.Kind == RAM {
			end = max(end, e.End())
		}
	}
	return end
}

// Total is the number of bytes of RAM.
func (i *Info) Total() uint64 {
	n := uint64(0)
	for _, e := range i.Memory {
		if e.Kind == RAM {
			n += e.Size
		}
	}
	return n
}

// Usable lists the whole pages of RAM that nobody uses, sorted: all but page 0, the modules and the ranges taken (image,
// heap). The loader's own structures count as free: Read has copied them.
func (i *Info) Usable(taken ...board.Range) []board.Range {
	used := append([]board.Range{{Start: 0, Size: mach.PageSize}}, taken...)
	for _, m := range i.Modules {
		used = append(used, m.Data)
	}
	return i.free(used)
}

// free lists the whole pages of RAM outside used, sorted. A page that is used in part is used.
func (i *Info) free(used []board.Range) []board.Range {
	slices.SortFunc(used, func(a, b board.Range) int { return cmp.Compare(a.Start, b.Start) })
	var free []board.Range
	add := func(start, end mach.PhysAddr) {
		start, end = pageUp(start), end&^mach.PageMask
		if start < end {
			free = append(free, board.Range{Start: start, Size: uint64(end - start)})
		}
	}
	for _, e := range i.Memory {
		if e.Kind != RAM {
			continue
		}
		at := pageUp(e.Start)
		for _, u := range used {
			if u.Size == 0 || u.End() <= at || u.Start >= e.End() {
				continue
			}
			add(at, u.Start)
			at = max(at, pageUp(u.End()))
		}
		if at < e.End() {
			add(at, e.End())
		}
	}
	return free
}

func pageUp(p mach.PhysAddr) mach.PhysAddr { return (p + mach.PageMask) &^ mach.PageMask }
