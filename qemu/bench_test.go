package qemu

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"strings"
	"testing"
)

func TestCountsTakesTheBestWay(t *testing.T) {
	c := counts("noise\nbench fast 12\nbench fast/cold 99\nbench slow:pipe/cold 7\nbench slow:futex/cold 8\nbench slow:pipe 30\nbench slow:futex 20\nbench slower:pipe 1\nbench twice 5\nbench twice:other 3\nbench: done\n")
	for name, want := range map[string]int{"fast": 12, "slow": 20, "slower": 1, "twice": 5, "absent": 0, "fast/cold": 99, "slow/cold": 7} {
		if got := best(c, name); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}

func TestFigure(t *testing.T) {
	for n, want := range map[int]string{0: "-", 7: "7", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := figure(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestTSVLeavesOutWhatWasNotMeasured(t *testing.T) {
	r := measured{ours: map[string]int{"null-trap": 100}}
	if got, _, _ := strings.Cut(r.tsv(), "\n"); got != "null-trap\t100\t\t150" {
		t.Errorf("first line %q", got)
	}
}

// bzImage makes an image whose compressed part is payload and what the decompressor expects behind it.
func bzImage(payload []byte) []byte {
	image := make([]byte, 0x2000)
	image[0x1f1] = 7 // 8 sectors before what runs in protected mode
	copy(image[0x202:], "HdrS")
	binary.LittleEndian.PutUint32(image[0x248:], 0x100)
	binary.LittleEndian.PutUint32(image[0x24c:], uint32(len(payload)+4))
	copy(image[8*512+0x100:], payload)
	return image
}

func TestUncompressedKernel(t *testing.T) {
	want := []byte("\x7fELF and more")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(want)
	_ = z.Close()
	for name, image := range map[string][]byte{"elf": want, "bzImage": bzImage(b.Bytes())} {
		if got, err := uncompressedKernel(image); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	tooLong := bzImage(b.Bytes())
	binary.LittleEndian.PutUint32(tooLong[0x24c:], 1<<20)
	for name, image := range map[string][]byte{"empty": nil, "text": []byte("hello"), "unknown": bzImage([]byte("what is this")), "too long": tooLong} {
		if _, err := uncompressedKernel(image); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
