// Package inline tells Go's compiler which calls are made most often, so that it inlines them (profile-guided optimization,
// https://go.dev/doc/pgo). What the runtime's profiler would sample on a system, is counted here: the calls among all instructions that the
// kernel executed for the operations of make bench.
//
// The compiler knows a call by the name of the function in whose source it stands and its line there, counted from the function's first. So the
// profile outlives changes elsewhere, and what it says of a function that was changed does no harm.
package inline

import (
	"cmp"
	"debug/dwarf"
	"debug/elf"
	"errors"
	"io"
	"slices"
	"strings"

	"defpager/qemu/flame"
)

// edge is a call as the compiler knows it.
type edge struct {
	caller string
	file   string
	start  int // line of the caller's declaration
	line   int // of the call, in the same file
	callee string
}

// Profile sums up calls of several runs.
type Profile struct {
	lines   []line // by address
	sources *sources
	weights map[edge]int
}

// line is where in the source the instructions from an address on come from.
type line struct {
	at   uint64
	file string
	line int
}

// scale is the weight of a run, whatever its length: none counts more than another.
const scale = 1_000_000

// New makes a profile of an image, not optimized by one, that was built from the module in the folder root. The error says that it has no
// line numbers.
func New(image, root string) (*Profile, error) {
	f, err := elf.Open(image)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	d, err := f.DWARF()
	if err != nil {
		return nil, err
	}
	p := &Profile{sources: newSources(root), weights: map[edge]int{}}
	units := d.Reader()
	for {
		unit, err := units.Next()
		if err != nil {
			return nil, err
		}
		if unit == nil {
			break
		}
		if err := p.unit(d, unit); err != nil {
			return nil, err
		}
		units.SkipChildren()
	}
	if len(p.lines) == 0 {
		return nil, errors.New(image + " has no line numbers")
	}
	slices.SortStableFunc(p.lines, func(a, b line) int { return cmp.Compare(a.at, b.at) })
	return p, nil
}

// unit reads the line numbers of a compilation unit.
func (p *Profile) unit(d *dwarf.Data, unit *dwarf.Entry) error {
	r, err := d.LineReader(unit)
	if err != nil || r == nil {
		return err
	}
	for {
		var e dwarf.LineEntry
		switch err := r.Next(&e); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case e.EndSequence || e.File == nil:
			p.lines = append(p.lines, line{at: e.Address})
		default:
			p.lines = append(p.lines, line{e.Address, e.File.Name, e.Line})
		}
	}
}

// Add counts the calls of a run of so many instructions.
func (p *Profile) Add(calls []flame.Call, instructions int) {
	for _, c := range calls {
		i, exact := slices.BinarySearchFunc(p.lines, c.At, func(l line, at uint64) int { return cmp.Compare(l.at, at) })
		if !exact {
			i--
		}
		if i < 0 || strings.ContainsRune(c.Callee, '[') {
			continue // a generic function has other names for the compiler
		}
		for exact && i+1 < len(p.lines) && p.lines[i+1].at == c.At {
			i++ // the last of several entries holds
		}
		l := p.lines[i]
		if caller, start, ok := p.sources.function(l.file, l.line); ok {
			p.weights[edge{caller, l.file, start, l.line, c.Callee}] += c.Count * scale / instructions
		}
	}
}

// edges are the calls that count, the heaviest first.
func (p *Profile) edges() []edge {
	var list []edge
	for e, w := range p.weights {
		if w > 0 {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b edge) int {
		return cmp.Or(cmp.Compare(p.weights[b], p.weights[a]), strings.Compare(a.caller, b.caller), cmp.Compare(a.line, b.line), strings.Compare(a.callee, b.callee))
	})
	return list
}
