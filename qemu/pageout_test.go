package qemu

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// measuredLine is what the monitor prints of one measurement.
func measuredLine(plain, paged int, cipher string) string {
	return fmt.Sprintf("defpager> paging measure vda\n24 MiB in large writes: 3613.8 MiB/s; by page-out: 288.1 MiB/s, 8 %%; a page takes %d ns and %d ns, %s\n", plain, paged, cipher)
}

func TestReadPageOut(t *testing.T) {
	const aes = "AES-256-GCM"
	text := measuredLine(1080, 13560, aes) + measuredLine(14200, 13720, aes) + measuredLine(14117, 13990, aes) + measuredLine(27000, 13721, aes)
	c, err := readPageOut(text)
	if want := (figures{"plain-write": 1080, "page-out": 13560, "plain-write-rated": 14117, "page-out-rated": 13720}); err != nil || !maps.Equal(c, want) {
		t.Errorf("%v, %v", c, err)
	}
	r := measured{ours: c}
	if line := r.pageOutShare(); !strings.Contains(line, "300 MB/s page-out writes at 102 % of what") || !strings.Contains(line, "13,720 ns and 14,117 ns") ||
		strings.Contains(line, "wall") {
		t.Error(line)
	}
	r.outWall = outTimes{205_000, 200_000}
	if line := r.pageOutShare(); !strings.Contains(line, "20 MB/s page-out writes at 102 % of what plain large writes do, by the clock on the wall: a page takes 200,000 ns and 205,000 ns") {
		t.Error(line)
	}
	if line := (&measured{}).pageOutShare(); line != "" {
		t.Errorf("of nothing: %s", line)
	}
	for _, other := range []string{"", text + text, strings.Replace(text, aes, "ChaCha20-Poly1305", 1), strings.ReplaceAll(text, aes, "ChaCha20-Poly1305")} {
		if c, err := readPageOut(other); err == nil {
			t.Errorf("%q: %v", other, c)
		}
	}
}

// A disk that is held to a rate has a throttle of its own between its file and its device.
func TestDiskRate(t *testing.T) {
	m := Machine{Type: "q35", Disks: []string{"a,b", "driver=null-co"}, Rate: 5_000_000}
	want := []string{
		"-blockdev", "driver=raw,file.driver=file,file.filename=a,,b,node-name=disk0", "-object", "throttle-group,id=disk0-rate,x-bps-total=5000000",
		"-blockdev", "driver=throttle,throttle-group=disk0-rate,file=disk0,node-name=disk0-slow", "-device", "virtio-blk-pci,drive=disk0-slow",
		"-blockdev", "driver=null-co,node-name=disk1", "-object", "throttle-group,id=disk1-rate,x-bps-total=5000000",
		"-blockdev", "driver=throttle,throttle-group=disk1-rate,file=disk1,node-name=disk1-slow", "-device", "virtio-blk-pci,drive=disk1-slow",
	}
	if args := m.diskArgs(); !slices.Equal(args, want) {
		t.Errorf("%q", args)
	}
	m.Rate = 0
	if args := m.diskArgs(); slices.Contains(args, "-object") {
		t.Errorf("%q", args)
	}
}

// Both rows have what 90 % of a disk's rate leaves for a page as their target: 4096 bytes at 300 MB/s take 13,653 ns.
func TestPageOutGoal(t *testing.T) {
	if pageOutGoal != 15170 {
		t.Errorf("%d ns", pageOutGoal)
	}
}
