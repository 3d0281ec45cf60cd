package info

import (
	"fmt"
	"slices"
	"strings"

	"defpager/board"
	"defpager/mach"
)

// The cpio "newc" format (cpio(5)): a header of 110 ASCII bytes, a name that ends in NUL, and the contents; name and contents
// are each padded to a multiple of 4. The launcher pads names with more NULs, so that contents begin at pages.
const (
	cpioMagic    = "070701"
	cpioHeader   = 110
	cpioMode     = 14 // field offsets, 8 hexadecimal digits each
	cpioFileSize = 54
	cpioNameSize = 94
	cpioTrailer  = "TRAILER!!!"
	cpioRegular  = 0o100000
	cpioType     = 0o170000

	// listName is the archive's entry that holds one module's command line per line.
	listName = "modules"
	// bareName is the name of an initrd that is not an archive.
	bareName = "initrd"
	// elfMagic begins a program.
	elfMagic = "\x7fELF"
)

// file is one entry of an archive.
type file struct {
	name string
	data board.Range
}

// Unpack finds the modules in an initrd. If it is a cpio archive, its entry "modules" names one module per line, the first word
// being the entry's name; entries without a line follow, with their name as command line. Lines without an entry
// and whatever is damaged are left out. If it is not an archive, it is one module called "initrd"; a program among these gets the
// arguments, and is started unless they hold a directive.
func Unpack(mem *board.Memory, initrd board.Range, arguments []string) []board.Module {
	r := raw{mem: mem}
	b := r.view(initrd.Start, initrd.Size)
	if len(b) < cpioHeader || string(b[:6]) != cpioMagic {
		words := []string{bareName}
		if len(b) >= len(elfMagic) && string(b[:len(elfMagic)]) == elfMagic {
			words = append(words, arguments...)
			if !slices.ContainsFunc(arguments, func(w string) bool { return strings.HasPrefix(w, "$(") }) {
				words = append(words, "$(task-create)", "$(task-resume)")
			}
		}
		return []board.Module{{Command: strings.Join(words, " "), Data: initrd}}
	}
	var list string
	var files []file
	for at := 0; len(files) < maxModules; {
		name, start, size, next := cpioEntry(b, at)
		if next == 0 || name == cpioTrailer {
			break
		}
		at = next
		switch {
		case start == 0: // a folder or the like
		case name == listName:
			list = string(b[start : start+size])
		default:
			files = append(files, file{name, board.Range{Start: initrd.Start + mach.PhysAddr(start), Size: uint64(size)}})
		}
	}
	return arrange(list, files)
}

// arrange puts files into the order of the list and gives each its command line.
func arrange(list string, files []file) []board.Module {
	var modules []board.Module
	listed := make([]bool, len(files))
	for line := range strings.Lines(list) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		// Several lines may name one file: a program that starts more than once.
		found := -1
		for i, f := range files {
			if f.name == words[0] && (found < 0 || listed[found]) {
				found = i
			}
		}
		if found >= 0 {
			modules = append(modules, board.Module{Command: strings.TrimSpace(line), Data: files[found].data})
			listed[found] = true
		}
	}
	for i, f := range files {
		if !listed[i] {
			modules = append(modules, board.Module{Command: f.name, Data: f.data})
		}
	}
	return modules
}

// cpioEntry reads the entry at offset at: its name, where its contents are (start 0: not a regular file), and where the
// next entry is. next 0 means that there is no whole entry.
func cpioEntry(b []byte, at int) (name string, start, size, next int) {
	if len(b)-at < cpioHeader || string(b[at:at+6]) != cpioMagic {
		return "", 0, 0, 0
	}
	h := b[at:]
	mode, ok1 := hex8(h[cpioMode:])
	fileSize, ok2 := hex8(h[cpioFileSize:])
	nameSize, ok3 := hex8(h[cpioNameSize:])
	nameEnd := at + cpioHeader + nameSize
	start = at + (cpioHeader+nameSize+3)&^3
	next = start + (fileSize+3)&^3
	if !ok1 || !ok2 || !ok3 || start > len(b) || start+fileSize > len(b) {
		return "", 0, 0, 0
	}
	name = string(untilNUL(b[at+cpioHeader : nameEnd]))
	next = min(next, len(b))
	if mode&cpioType != cpioRegular {
		start = 0
	}
	return name, start, fileSize, next
}

// hex8 reads eight hexadecimal digits.
func hex8(b []byte) (int, bool) {
	n := 0
	for _, c := range b[:8] {
		switch {
		case '0' <= c && c <= '9':
			n = n<<4 | int(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			n = n<<4 | int(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// Settle makes every module fit to be mapped as it is: page aligned, alone in its pages, and zero behind its end. Modules
// that are not so are copied to free memory below 4 GiB, clear of the ranges taken. It must run before frames are handed
// out, after Read.
func (i *Info) Settle(mem *board.Memory, taken ...board.Range) error {
	for k := range i.Modules {
		m := &i.Modules[k]
		if m.Data.Size == 0 {
			m.Data.Start = 0
			continue
		}
		if m.Data.Start&mach.PageMask != 0 || i.shared(k) {
			to, err := i.room(m.Data.Size, taken)
			if err != nil {
				return fmt.Errorf("module %q: %w", m.Command, err)
			}
			copy(mem.Bytes(to, m.Data.Size), mem.Bytes(m.Data.Start, m.Data.Size))
			m.Data.Start = to
		}
	}
	for _, m := range i.Modules {
		if tail := pageUp(m.Data.End()) - m.Data.End(); tail != 0 {
			clear(mem.Bytes(m.Data.End(), uint64(tail)))
		}
	}
	return nil
}

// shared reports whether the tail of module k's last page holds a part of another module, or lies outside RAM.
func (i *Info) shared(k int) bool {
	end := i.Modules[k].Data.End()
	tail := board.Range{Start: end, Size: uint64(pageUp(end) - end)}
	for n, o := range i.Modules {
		if n != k && o.Data.Start != i.Modules[k].Data.Start && overlap(tail, o.Data) {
			return true
		}
	}
	for _, e := range i.Memory {
		if e.Kind == RAM && e.Start <= tail.Start && tail.End() <= e.End() {
			return false
		}
	}
	return tail.Size != 0
}

// room finds free pages for size bytes, as low as possible but above the first MiB, clear also of the loader's structures.
func (i *Info) room(size uint64, taken []board.Range) (mach.PhysAddr, error) {
	used := append([]board.Range{{Start: 0, Size: 1 << 20}}, taken...)
	used = append(used, i.taken...)
	for _, m := range i.Modules {
		used = append(used, m.Data)
	}
	need := (size + mach.PageMask) &^ mach.PageMask
	for _, r := range i.free(used) {
		if r.Size >= need && r.Start+mach.PhysAddr(need) <= below4G {
			return r.Start, nil
		}
	}
	return 0, fmt.Errorf("no %d free bytes to move it to", need)
}
