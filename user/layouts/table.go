package main

import (
	"fmt"
	"strconv"
	"strings"

	"defpager/mach"
	"defpager/user/libmach"
)

// row is a request of the table and its reply.
type row struct {
	name, port     string
	id             int
	request, reply []item
	code           int32
	incoming       bool // reply is what the kernel sends by itself
	oneWay         bool // nothing is replied
}

// room is the size of the reply, or the largest it can have: what a stub makes room for.
func (r *row) room() int {
	n := 48
	for i := range r.reply {
		n += r.reply[i].size
	}
	return n
}

// item is one item of a message.
type item struct {
	kind      string
	values    []string // of a request
	keep      string   // of a reply: under which name the value is kept
	number    int      // elements; -1: as many as there are
	name      uint32   // the kind of its elements
	bits      uint32   // of one element
	long      bool
	either    bool // inline or not, as the server likes
	right     bool
	outOfLine bool
	size      int // bytes with the descriptor, or the most

	address, bytes uint64 // where an out-of-line reply lies
	data           []byte // where an out-of-line request lies
}

// kinds are the elements that items consist of.
var kinds = map[string]struct{ name, bits uint32 }{
	"b": {0, 32}, "i": {2, 32}, "q": {11, 64}, "n": {15, 32}, "cs": {19, 64}, "ms": {20, 64}, "mo": {21, 64}, "mr": {16, 64}, "s": {17, 64}, "o": {18, 64},
	"str": {12, 8}, "S": {12, 8}, "c": {8, 8}, "r": {16, 64},
}

// most is how many elements a stub makes room for: of i*, cs* and q*, and in bytes of q[] and s[].
const (
	most      = 1024
	mostBytes = 2048
	nameBytes = 64
)

func parse(text string) ([]row, error) {
	var rows []row
	for n, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		r, err := parseRow(line)
		if err != nil {
			return nil, fmt.Errorf("table.txt:%d: %w", n+1, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func parseRow(line string) (row, error) {
	line, incoming := strings.CutPrefix(line, "< ")
	head, body, ok := strings.Cut(line, ":")
	words := strings.Fields(head)
	request, reply, arrow := strings.Cut(body, "->")
	if !ok || !arrow || len(words) != 3 {
		return row{}, fmt.Errorf("no row: %s", line)
	}
	r := row{name: words[0], port: words[2], incoming: incoming, oneWay: strings.TrimSpace(reply) == "nothing"}
	var err error
	if r.oneWay {
		reply = ""
	}
	if r.id, err = strconv.Atoi(words[1]); err != nil {
		return row{}, err
	}
	if reply, words, ok := strings.Cut(reply, "= "); ok && strings.TrimSpace(reply) == "" {
		code, err := strconv.Atoi(strings.TrimSpace(words))
		if err != nil {
			return row{}, err
		}
		r.code = int32(code)
	} else {
		reply += words
		if r.reply, err = parseItems(reply); err != nil {
			return row{}, err
		}
	}
	r.request, err = parseItems(request)
	return r, err
}

func parseItems(text string) ([]item, error) {
	var items []item
	for _, w := range strings.Fields(text) {
		it, err := parseItem(w)
		if err != nil {
			return nil, fmt.Errorf("item %s: %w", w, err)
		}
		items = append(items, it)
	}
	return items, nil
}

func parseItem(w string) (item, error) {
	kind, values, given := strings.Cut(w, "=")
	kind, keep, _ := strings.Cut(kind, ">")
	it := item{kind: kind, keep: keep, number: 1}
	if given && values != "" {
		it.values = strings.Split(values, ",")
	}
	if it.outOfLine = kind[0] == '@'; it.outOfLine {
		kind, it.long, it.number = kind[1:], true, -1
	}
	end := len(kind)
	for end > 0 && kind[end-1] >= '0' && kind[end-1] <= '9' {
		end--
	}
	count := -1
	if end < len(kind) {
		count, _ = strconv.Atoi(kind[end:])
		it.number = count
	}
	kind = kind[:end]
	room := 0
	if base, ok := strings.CutSuffix(kind, "*"); ok {
		kind, it.number, room = base, count, most
	} else if base, ok := strings.CutSuffix(kind, "[]"); ok {
		kind, it.number, it.long, it.either = base, count, true, true
	}
	k, ok := kinds[kind]
	if !ok && it.outOfLine && kind == "b" {
		ok = true
	}
	if !ok {
		return it, fmt.Errorf("unknown kind %s", kind)
	}
	it.name, it.bits = k.name, k.bits
	it.right = it.name >= 16 && it.name <= 21
	switch {
	case it.outOfLine:
		if kind == "b" {
			it.name, it.bits = 9, 8
		}
		if it.right {
			it.bits = 32
		}
		it.size = 16
		return it, nil
	case kind == "S":
		it.bits, it.number, it.long = 8*uint32(count), 1, true
	case kind == "str":
		it.number, room = -1, nameBytes
	case it.either:
		room = mostBytes / int(it.bits/8)
	}
	if room == 0 {
		room = it.number
	}
	it.size = 8 + round(int(it.bits)*room/8)
	if it.values != nil && kind != "S" && kind != "str" {
		it.size = 8 + round(int(it.bits)*len(it.values)/8)
	}
	return it, nil
}

func round(n int) int { return (n + 7) &^ 7 }

// descriptor is that of n elements, inline or not.
func (it *item) descriptor(n int, inline bool) uint64 {
	d := uint64(it.name) | uint64(it.bits)<<8 | uint64(n)<<32
	if inline {
		d |= 1 << 29
	} else if it.right {
		d = d&^0xffff00 | 32<<8
	}
	if it.long {
		d |= 1 << 30
	}
	return d
}

// value is a number or a kept value.
func value(v string, values map[string]uint64) uint64 {
	if name, ok := strings.CutPrefix(v, "$"); ok {
		name, high := strings.CutSuffix(name, ">>32")
		if high {
			return values[name] >> 32
		}
		return values[name]
	}
	if n, err := strconv.ParseInt(v, 0, 64); err == nil {
		return uint64(n)
	}
	n, _ := strconv.ParseUint(v, 0, 64)
	return n
}

// append writes the item behind b.
func (it *item) append(b []byte, values map[string]uint64) []byte {
	switch {
	case it.outOfLine && it.name == 9: // an address and a size
		n := 0
		at := uint64(0)
		if len(it.values) == 2 {
			at, n = value(it.values[0], values), int(value(it.values[1], values))
		}
		return le.AppendUint64(le.AppendUint64(b, it.descriptor(n, false)), at)
	case it.outOfLine:
		data := make([]byte, 0, 8*len(it.values))
		for _, v := range it.values {
			if it.bits == 64 {
				data = le.AppendUint64(data, value(v, values))
			} else {
				data = le.AppendUint32(data, uint32(value(v, values)))
			}
		}
		at := uint64(0)
		if it.data = data; len(data) != 0 {
			at = uint64(libmach.Address(data))
		}
		return le.AppendUint64(le.AppendUint64(b, it.descriptor(len(it.values), false)), at)
	case it.name == 12: // a string
		n, size := 1, int(it.bits)/8
		if it.number < 0 {
			n, size = len(it.values[0])+1, len(it.values[0])+1
		}
		b = le.AppendUint64(b, it.descriptor(n, true))
		b = append(b, it.values[0]...)
		return append(b, make([]byte, round(size)-len(it.values[0]))...)
	}
	b = le.AppendUint64(b, it.descriptor(len(it.values), true))
	for _, v := range it.values {
		if it.bits == 64 {
			b = le.AppendUint64(b, value(v, values))
		} else {
			b = le.AppendUint32(b, uint32(value(v, values)))
		}
	}
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	return b
}

// take compares the item at the begin of b, keeps its value, and returns what is behind it.
func (it *item) take(b []byte, values map[string]uint64) ([]byte, error) {
	if len(b) < 16 && !(len(b) >= 8 && it.number <= 0) {
		return nil, fmt.Errorf("%d bytes are left", len(b))
	}
	d := le.Uint64(b)
	n := int(d >> 32)
	if it.number >= 0 && n != it.number {
		return nil, fmt.Errorf("%d elements, want %d", n, it.number)
	}
	inline := !it.outOfLine && (!it.either || d>>29&1 != 0)
	const deallocate = 1 << 31
	want := it.descriptor(n, inline)
	if !inline {
		want |= deallocate // the memory is the receiver's
	}
	if d != want {
		return nil, fmt.Errorf("descriptor %#x, want %#x", d, want)
	}
	if !inline {
		it.outOfLine = true
		it.address, it.bytes = le.Uint64(b[8:]), uint64(n)*uint64(d>>8&0xffff)/8
		if (n == 0) != (it.address == 0) {
			return nil, fmt.Errorf("%d elements at %#x", n, it.address)
		}
		return b[16:], nil
	}
	bytes := int(it.bits) * n / 8
	if len(b) < 8+round(bytes) {
		return nil, fmt.Errorf("%d bytes are left", len(b))
	}
	for i := bytes; i < round(bytes); i++ {
		if b[8+i] != 0 {
			return nil, fmt.Errorf("%#x behind its data", b[8+i])
		}
	}
	if it.right {
		for i := range n {
			if v := le.Uint64(b[8+8*i:]); v>>32 != 0 || mach.Name(v) == mach.NameDead {
				return nil, fmt.Errorf("the right %#x", v)
			}
		}
	}
	if it.keep != "" {
		if bytes == 4 {
			values[it.keep] = uint64(le.Uint32(b[8:]))
		} else {
			values[it.keep] = le.Uint64(b[8:])
		}
	}
	return b[8+round(bytes):], nil
}
