package inline

import (
	"compress/gzip"
	"encoding/binary"
	"io"
	"path/filepath"
)

// Write writes the profile as the go command reads it: a message of type perftools.profiles.Profile, compressed
// (github.com/google/pprof/proto/profile.proto). Each call is a sample of a stack of two functions.
func (p *Profile) Write(w io.Writer) error {
	m := &writer{strings: map[string]uint64{"": 0}, table: []string{""}, functions: map[string]uint64{}}
	m.message(1, func(m *writer) { // sample_type
		m.number(1, m.text("samples"))
		m.number(2, m.text("count"))
	})
	for i, e := range p.edges() {
		file, err := filepath.Rel(p.sources.root, e.file)
		if err != nil {
			return err
		}
		caller, callee := m.function(e.caller, file, e.start), m.function(e.callee, "", 0)
		at := uint64(2*i + 1)
		m.location(at, callee, 0)
		m.location(at+1, caller, e.line)
		m.message(2, func(m *writer) { // sample: its stack from the innermost function outwards, and how often
			m.number(1, at)
			m.number(1, at+1)
			m.number(2, uint64(p.weights[e]))
		})
	}
	for _, f := range m.declared {
		m.message(5, func(m *writer) { // function
			m.number(1, f.id)
			m.number(2, m.text(f.name))
			m.number(3, m.text(f.name))
			m.number(4, m.text(f.file))
			m.number(5, uint64(f.start))
		})
	}
	for _, s := range m.table {
		m.bytes(6, []byte(s))
	}
	z := gzip.NewWriter(w)
	if _, err := z.Write(m.out); err != nil {
		return err
	}
	return z.Close()
}

// writer collects the fields of a message (https://protobuf.dev/programming-guides/encoding).
type writer struct {
	out       []byte
	strings   map[string]uint64
	table     []string
	functions map[string]uint64 // index in declared, by name
	declared  []function
}

// function is one whose number is known. What is only called needs no file and no line.
type function struct {
	id         uint64
	name, file string
	start      int
}

func (m *writer) tag(field, kind uint64) { m.out = binary.AppendUvarint(m.out, field<<3|kind) }

func (m *writer) number(field, v uint64) {
	m.tag(field, 0)
	m.out = binary.AppendUvarint(m.out, v)
}

func (m *writer) bytes(field uint64, b []byte) {
	m.tag(field, 2)
	m.out = binary.AppendUvarint(m.out, uint64(len(b)))
	m.out = append(m.out, b...)
}

// message adds a message within the message, which fill writes.
func (m *writer) message(field uint64, fill func(*writer)) {
	outer := m.out
	m.out = nil
	fill(m)
	inner := m.out
	m.out = outer
	m.bytes(field, inner)
}

// text is a string's place in the table.
func (m *writer) text(s string) uint64 {
	n, ok := m.strings[s]
	if !ok {
		n = uint64(len(m.table))
		m.strings[s] = n
		m.table = append(m.table, s)
	}
	return n
}

// function is the number of the one with that name.
func (m *writer) function(name, file string, start int) uint64 {
	i, ok := m.functions[name]
	if !ok {
		i = uint64(len(m.declared))
		m.functions[name] = i
		m.declared = append(m.declared, function{id: i + 1, name: name})
	}
	if f := &m.declared[i]; start != 0 {
		f.file, f.start = file, start
	}
	return i + 1
}

func (m *writer) location(id, function uint64, line int) {
	m.message(4, func(m *writer) {
		m.number(1, id)
		m.message(4, func(m *writer) { // line
			m.number(1, function)
			m.number(2, uint64(line))
		})
	})
}
