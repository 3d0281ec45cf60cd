package backing

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"defpager/mach"
)

// What is taken for noise never compresses to half, but for noise that repeats; and of noise hardly a page is taken for anything else.
func TestNoisy(t *testing.T) {
	const pages = 20000
	other := 0
	for i := range uint64(pages) {
		if !noisy((*[mach.PageSize]byte)(page("noise", i))) {
			other++
		}
	}
	if other > pages/1000 {
		t.Errorf("of %d pages of noise %d look as if they compressed", pages, other)
	}
	for name, make := range map[string]func(b []byte){
		"zeros":   func([]byte) {},
		"text":    func(b []byte) { copy(b, page("text", 7)) },
		"sparse":  func(b []byte) { copy(b, page("sparse", 7)) },
		"base 64": func(b []byte) { base64.StdEncoding.Encode(b, page("noise", 7)[:mach.PageSize/4*3]) },
		"records": func(b []byte) { // with a hash at the beginning
			for i := 0; i < len(b); i += 256 {
				copy(b[i:i+8], page("noise", uint64(i)))
			}
		},
		"numbers": func(b []byte) {
			for i := range uint64(mach.PageSize / 8) {
				binary.LittleEndian.PutUint64(b[8*i:], i*i)
			}
		},
		"pointers": func(b []byte) {
			for i := range uint64(mach.PageSize / 8) {
				binary.LittleEndian.PutUint64(b[8*i:], 0x8000000000+i*0x9e3779b9%0x10000000)
			}
		},
		"lines": func(b []byte) {
			for i := 0; i < len(b); {
				i += copy(b[i:], fmt.Sprintf("%08x line %d of a log, at %f\n", i*7919, i, math.Sqrt(float64(i))))
			}
		},
	} {
		b := [mach.PageSize]byte{}
		if make(b[:]); noisy(&b) {
			t.Errorf("%s is taken for noise", name)
		}
	}
}

// Noise that has to wait is refused at once: it is not compressed, which would take longer than all the rest, only because the disk has enough to do.
func TestNoiseWaitsForTheDisk(t *testing.T) {
	m := newMachine(t, 4<<20)
	a := newArea("a", 400)
	a.full = true
	if err := m.b.AddArea(a); err != nil {
		t.Fatal(err)
	}
	again := append(page("noise", 1)[:mach.PageSize/4], page("noise", 1)[:mach.PageSize/4]...)
	again = append(again, again...) // compresses
	stored := 0
	for ; ; stored++ {
		if _, ok := m.store(t, again); !ok {
			break
		}
	}
	if stored != rawsMax || m.b.Room() || m.b.Stats().Compressed != 0 {
		t.Errorf("%d pages were taken, want %d; %+v", stored, rawsMax, m.b.Stats())
	}
	if _, ok := m.store(t, page("text", 1)); !ok {
		t.Error("text needs no disk")
	}
	a.full = false
	m.b.Poll()
	if tok, ok := m.store(t, again); !ok || m.b.Where(tok) == 0 {
		t.Error("the disk has done something, and nothing more is taken")
	}
	m.check(t)
}
