package share

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"defpager/user/internal/text"
)

func TestPlacesFitAndHoldTheirNumbers(t *testing.T) {
	for _, size := range []uint64{1, 2, 7, 8, 15, 16, 17, 4096, 5000} {
		memory := make([]byte, size)
		sharer, reader := Places(size)
		for _, p := range []Place{sharer, reader} {
			if !p.Fits(size) {
				t.Fatalf("size %d: %+v does not fit", size, p)
			}
			const value = 0x8877665544332211
			p.Put(memory, value)
			if got := p.Get(memory); got != p.Cut(value) {
				t.Errorf("size %d: %x", size, got)
			}
		}
		if apart := reader.Offset >= sharer.Offset+uint64(sharer.Width); apart != (size > 1) {
			t.Errorf("size %d: places %+v and %+v", size, sharer, reader)
		}
	}
	a, b := Places(0)
	if a.Fits(0) || b.Fits(0) {
		t.Error("a place in nothing")
	}
	if (Place{^uint64(0), 8}).Fits(100) || (Place{0, 9}).Fits(100) {
		t.Error("a place outside fits")
	}
}

// The words that are asserted by whoever starts the main job.
func TestHasherTellsWhatItComputed(t *testing.T) {
	data := []byte("some bytes")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = w
	NewHasher().Sum("sharer", data, false)
	os.Stdout = stdout
	w.Close()
	out := make([]byte, 256)
	n, _ := r.Read(out)
	sum := sha256.Sum256(data)
	if want := "sha256 sharer " + hex.EncodeToString(sum[:]) + "\n"; string(out[:n]) != want {
		t.Errorf("%q, want %q", out[:n], want)
	}
}

func TestMeasuredPartTakesNoMemory(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	stdout := os.Stdout
	os.Stdout = null
	defer func() { os.Stdout = stdout }()
	h, l, data := NewHasher(), text.New(), []byte(strings.Repeat("x", 10000))
	if n := testing.AllocsPerRun(10, func() {
		h.Sum("creator", data, false)
		h.Sum("creator", data, true)
		l.Text("frames before ").Number(1 << 40).Print(false)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
