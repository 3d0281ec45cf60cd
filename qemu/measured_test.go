package qemu

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"defpager/qemu/chart"
)

func TestFindRow(t *testing.T) {
	for name, want := range map[string]string{"rpc": "task-rpc", "task-rpc-4k": "task-rpc-4k", "copy": "copy-on-write", "boot": "boot-first-line", "null-trap": "null-trap"} {
		if r, err := findRow(name); err != nil || r.name != want {
			t.Errorf("%s: %s, %v; want %s", name, r.name, err, want)
		}
	}
	for _, name := range []string{"", "nothing", "clustered"} {
		_, err := findRow(name)
		if err == nil {
			t.Errorf("%q is a row", name)
			continue
		}
		for _, r := range rows() {
			if !strings.Contains(err.Error(), r.name) {
				t.Errorf("%q: the error does not list %s", name, r.name)
			}
		}
	}
	short := map[string]bool{}
	for _, r := range rows() {
		if r.short != "" && short[r.short] {
			t.Errorf("two rows are called %s", r.short)
		}
		short[r.short] = true
	}
}

// TestDocumentedRows holds the page of the rows against the rows.
func TestDocumentedRows(t *testing.T) {
	page, err := os.ReadFile("../docs/bench/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows() {
		if !strings.Contains(string(page), "\n| `"+r.name+"` |") {
			t.Errorf("docs/bench/README.md does not tell of %s", r.name)
		}
	}
}

func TestDifferences(t *testing.T) {
	a, b := figures{"x": 100, "y": 200, "only-a": 1}, figures{"x": 100, "y": 204, "only-b": 1}
	if d := differences(a, b); !slices.Equal(d, []string{"y 200 and 204"}) {
		t.Errorf("the differences are %q", d)
	}
	if n, s := common(a, b), spread(a, b); n != 2 || s != 0.02 {
		t.Errorf("%d figures, spread %g; want 2 and 0.02", n, s)
	}
	if d := differences(a, nil); d != nil {
		t.Errorf("nothing differs from a run that was not made: %q", d)
	}
}

func TestMedians(t *testing.T) {
	w := wall{
		ours:  []figures{{"a": 30}, {"a": 10}, {"a": 20}},
		linux: []figures{{"a:pipe": 90, "a:futex": 70}, {"a:pipe": 10, "a:futex": 60}, {"a:pipe": 95, "a:futex": 50}},
	}
	if m := medians(w.linux); m["a:pipe"] != 90 || m["a:futex"] != 60 {
		t.Errorf("the medians are %v", m)
	}
	if r := w.ratio("a"); r != "3.0" {
		t.Errorf("60 / 20 is %s", r)
	}
	if r := w.ratio("b"); r != "-" {
		t.Errorf("what was not measured is %s", r)
	}
}

func TestPhases(t *testing.T) {
	list, err := phases("noise\nphases over at ticks: firmware 10 runtime 20 prompt 300\nmore\n")
	if err != nil || !slices.Equal(list, []phase{{"firmware", 10}, {"runtime", 20}, {"prompt", 300}}) {
		t.Errorf("got %v, %v", list, err)
	}
	for _, text := range []string{"", "phases over at ticks:\n", "phases over at ticks: a 20 b 10\n", "phases over at ticks: a b\n"} {
		if _, err := phases(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func TestGrid(t *testing.T) {
	g := grid{{"what", "n"}, {"größer", "1,000"}, {"x", "-"}}
	var text, page strings.Builder
	g.text(&text)
	g.markdown(&page)
	if want := "what        n\ngrößer  1,000\nx           -\n"; text.String() != want {
		t.Errorf("got\n%swant\n%s", text.String(), want)
	}
	if want := "| what | n |\n|---|--:|\n| größer | 1,000 |\n| x | - |\n"; page.String() != want {
		t.Errorf("got\n%swant\n%s", page.String(), want)
	}
}

// sample is a measurement with a figure for all rows of ours, and for some of Linux.
func sample() *measured {
	r := &measured{
		machine: Machine{Type: "q35", CPU: benchCPU, Memory: "256M"}, ours: figures{"begins": 5}, name: "linux-image",
		linux: figures{"null-trap": 450, "task-rpc:pipe": 900, "task-rpc:futex": 800, "null-trap/cold": 600}, phases: []phase{{"firmware", 2}, {"prompt", 3_000_000}},
		sweepOurs: map[string]figures{}, sweepOf: map[string]figures{},
	}
	for i, t := range rows() {
		r.ours[t.name] = 100 + i
	}
	r.ours["null-trap/cold"] = 200
	for _, s := range sweeps() {
		r.sweepOurs[s.over] = figures{}
		for _, name := range s.rows {
			r.sweepOurs[s.over][name+"@1000"], r.sweepOurs[s.over][name+"@4096"] = 7, 8
		}
	}
	return r
}

func TestTables(t *testing.T) {
	r := sample()
	for what, text := range map[string]string{"markdown": r.markdown(), "tsv": r.tsv(), "raw": r.raw()} {
		if what == "markdown" && !strings.Contains(text, "\n| `null-trap`: null trap (mach_task_self; getppid) | 450 | 100 | 4.5 | 150 | 67 % | 401 |\n") {
			t.Errorf("the page has another first row:\n%s", text)
		}
		if what == "tsv" && (strings.Count(text, "\n") != len(rows()) || !strings.HasPrefix(text, "null-trap\t100\t450\t150\nkernel-rpc\t101\t\t700\n")) {
			t.Errorf("the lines are\n%s", text)
		}
		if what == "tsv" && !strings.Contains(text, "\ntask-rpc\t106\t800\t1200\n") {
			t.Errorf("the better way of Linux is not in\n%s", text)
		}
		if what == "raw" && !strings.Contains(text, "\ndefpager\tobject-create@4096\t8\n") {
			t.Errorf("the raw figures are\n%s", text)
		}
	}
	r.linux, r.why, r.name = nil, io.ErrUnexpectedEOF, ""
	if text := r.markdown(); !strings.Contains(text, "| not measured | 100 |") || !strings.Contains(text, "Linux was not measured: "+r.why.Error()) {
		t.Errorf("without Linux:\n%s", text)
	}
	for line := range strings.Lines(r.tsv()) {
		if strings.Split(line, "\t")[2] != "" {
			t.Errorf("without Linux: %q", line)
		}
	}
}

func TestPublishWritesTheSameAgain(t *testing.T) {
	dir := t.TempDir()
	if err := sample().publish(dir); err != nil {
		t.Fatal(err)
	}
	read := func() map[string]string {
		files := map[string]string{}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			files[e.Name()] = string(b)
		}
		return files
	}
	first := read()
	for _, name := range []string{"figures.tsv", "table.md", "size.svg", "objects.svg", "entries.svg"} {
		if first[name] == "" {
			t.Errorf("%s was not written", name)
		}
	}
	if err := sample().publish(dir); err != nil {
		t.Fatal(err)
	}
	for name, text := range read() {
		if text != first[name] {
			t.Errorf("%s is another one", name)
		}
	}
}

func TestSeries(t *testing.T) {
	f := figures{"a@100": 3, "a@4": 2, "a": 9, "a/cold": 9, "ab@7": 9}
	if got := f.series("a"); !slices.Equal(got, []chart.Point{{X: 4, Y: 2}, {X: 100, Y: 3}}) {
		t.Errorf("got %v", got)
	}
	for _, s := range sweeps() {
		for _, name := range s.rows {
			if _, err := findRow(name); err != nil {
				t.Errorf("over %s: %v", s.over, err)
			}
		}
	}
}

func TestRise(t *testing.T) {
	points := []chart.Point{{X: 1, Y: 500}, {X: 10, Y: 100}, {X: 100, Y: 130}, {X: 1000, Y: 90}}
	if p, last, ok := rise(points, 10); !ok || p != 30 || last != 1000 {
		t.Errorf("%g %% to %g, %t; want 30 to 1000", p, last, ok)
	}
	if _, _, ok := rise(points, 1000); ok {
		t.Error("one point rises")
	}
	if text := sample().flatness(sweeps()[1]); !strings.Contains(text, "from 1 to 4.096k") || !strings.Contains(text, "object-cycle +14 %") {
		t.Errorf("got %q", text)
	}
}

func TestKernelPackage(t *testing.T) {
	archive := func(names ...string) *bytes.Buffer {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, name := range names {
			if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(name))}); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, name); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return &b
	}
	const image, zram = "./boot/vmlinuz-6", "./lib/modules/6/kernel/drivers/block/zram/zram.ko"
	var k kernelPackage
	if err := k.readTar(archive("./boot/config-6", image, zram)); err != nil || string(k.image) != image || string(k.modules[1]) != zram || k.modules[0] != nil {
		t.Errorf("%v: image %q, modules %q", err, k.image, k.modules)
	}
	if err := new(kernelPackage).readTar(archive(zram)); err == nil {
		t.Error("a package without an image was read")
	}
	dir := t.TempDir()
	p := &Peer{}
	if p.findModules(dir) {
		t.Error("an empty directory is a cache")
	}
	for i, name := range peerModules {
		if err := os.WriteFile(filepath.Join(dir, name), k.modules[i], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !p.findModules(dir) || p.modules != nil {
		t.Errorf("one module of two: %q are used", p.modules)
	}
}

// TestKeptCounts takes what Linux printed from the last time only if nothing is another.
func TestKeptCounts(t *testing.T) {
	dir := t.TempDir()
	p := &Peer{Kernel: filepath.Join(dir, "vmlinux"), Init: filepath.Join(dir, "init"), cache: dir, again: true}
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := func(m Machine) string {
		name, err := p.keptFile(m)
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	write(p.Kernel, "kernel")
	write(p.Init, "init")
	m := Machine{Type: "q35", Memory: "256M", Accel: "tcg", Count: true}
	first := file(m)
	large, words := m, m
	large.Memory, words.Append = "1G", "init_on_alloc=1"
	write(p.Init, "another")
	if other := file(m); first == other || first == file(large) || first == file(words) {
		t.Error("another program, machine or command line has the same file")
	}
	write(p.Init, "init")
	if file(m) != first {
		t.Error("the same has another file")
	}
	m.Append = peerWords + " init_on_alloc=0"
	write(file(m), "bench null-trap 5\n")
	m.Append = ""
	if text, err := p.bench(t.Context(), m, false, ""); err != nil || counts(text)["null-trap"] != 5 {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestNoPeer(t *testing.T) {
	t.Setenv("PEER", "none")
	if _, err := FindPeer(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "PEER=none") {
		t.Errorf("PEER=none: %v", err)
	}
	t.Setenv("PEER", filepath.Join(t.TempDir(), "absent"))
	if _, err := FindPeer(t.Context(), t.TempDir()); err == nil {
		t.Error("a kernel that is not there was found")
	}
}
