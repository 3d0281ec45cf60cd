package flame

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// code is an image of functions of 16 addresses each: main at 0x100, then work, leaf, tail, park and other.
func code(kinds map[uint64]kind) *Image {
	i := &Image{decoded: map[uint64]instruction{}}
	for n, name := range []string{"main", "work", "leaf", "tail", "park", "other"} {
		i.functions = append(i.functions, function{0x100 + uint64(n)*16, name})
	}
	for pc := uint64(0x100); pc < 0x160; pc++ {
		i.decoded[pc] = instruction{kinds[pc], pc + 1}
	}
	return i
}

func folded(t *testing.T, kinds map[uint64]kind, steps ...uint64) []string {
	t.Helper()
	c := NewCounter(code(kinds), 0x1000)
	for _, pc := range steps {
		c.Step(pc)
	}
	var b strings.Builder
	if err := c.Root().Folded(&b); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, l := range c.Flat() {
		sum += l.Self
	}
	if c.Total() != len(steps) || c.Root().Total() != len(steps) || sum != len(steps) {
		t.Errorf("%d instructions, %d in stacks, %d in the list: want %d", c.Total(), c.Root().Total(), sum, len(steps))
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func TestStacks(t *testing.T) {
	for name, c := range map[string]struct {
		kinds map[uint64]kind
		steps []uint64
		want  []string
	}{
		"calls and returns": {
			map[uint64]kind{0x101: call, 0x111: call, 0x120: ret, 0x112: ret},
			[]uint64{0x100, 0x101, 0x110, 0x111, 0x120, 0x112, 0x102},
			[]string{"main 3", "main;work 3", "main;work;leaf 1"},
		},
		"recursion": {
			map[uint64]kind{0x101: call, 0x112: call, 0x111: ret, 0x113: ret},
			[]uint64{0x101, 0x110, 0x112, 0x110, 0x111, 0x113, 0x102},
			[]string{"main 2", "main;work 3", "main;work;work 2"},
		},
		"a call to the next instruction's function is no return": {
			map[uint64]kind{0x10f: call, 0x110: ret},
			[]uint64{0x10f, 0x110},
			[]string{"main 1", "main;work 1"},
		},
		"a tail call returns for its caller": {
			map[uint64]kind{0x101: call, 0x130: ret},
			[]uint64{0x101, 0x110, 0x130, 0x102},
			[]string{"main 2", "main;tail 1", "main;work 1"},
		},
		"the caller of who was there first": {
			map[uint64]kind{0x115: ret},
			[]uint64{0x115, 0x103, 0x104},
			[]string{"main 2", "main;work 1"},
		},
		"two returns at once": {
			map[uint64]kind{0x101: call, 0x111: call, 0x125: ret},
			[]uint64{0x101, 0x111, 0x125, 0x102},
			[]string{"main 2", "main;work 1", "main;work;leaf 1"},
		},
		"ring 3 comes back where it was left": {
			map[uint64]kind{0x101: call, 0x131: ret},
			[]uint64{0x101, 0x110, 0x2000, 0x2001, 0x130, 0x131, 0x102},
			[]string{"(ring 3) 2", "main 2", "main;tail 2", "main;work 1"},
		},
		"a goroutine parks, another runs, the first goes on": {
			// main calls park, which jumps into the middle of other; other calls leaf, which jumps back behind the call of park.
			map[uint64]kind{0x101: call, 0x155: call},
			[]uint64{0x101, 0x140, 0x155, 0x120, 0x102, 0x103},
			[]string{"main 3", "main;park 1", "other 1", "other;leaf 1"},
		},
	} {
		if got := folded(t, c.kinds, c.steps...); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

func TestFlat(t *testing.T) {
	c := NewCounter(code(map[uint64]kind{0x101: call, 0x112: call, 0x111: ret, 0x113: ret}), 0x1000)
	for _, pc := range []uint64{0x101, 0x110, 0x112, 0x110, 0x111, 0x113, 0x102, 0x2000, 0x103} {
		c.Step(pc)
	}
	want := []Line{{"work", 5, 5}, {"main", 3, 8}, {Ring3, 1, 1}}
	if got := c.Flat(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if c.Stays() != 1 {
		t.Errorf("%d stays in ring 3, want 1", c.Stays())
	}
}

func TestSuspendedStacksAreBounded(t *testing.T) {
	c := NewCounter(code(nil), 0x1000)
	for n := range uint64(10 * suspendedMost) {
		c.Step(0x105 + n%2*0x10) // from the middle of one function into the middle of another
	}
	if len(c.suspended) != suspendedMost {
		t.Errorf("%d stacks are kept, want %d", len(c.suspended), suspendedMost)
	}
}

func TestSVGIsWellFormedAndHasTheNames(t *testing.T) {
	root := &Node{Name: "all", Children: []*Node{{Name: "defpager/kern.(*Kernel).trap", Self: 60, Children: []*Node{{Name: "a<b>&c", Self: 40}}}, {Name: "tiny", Self: 0}}}
	var b bytes.Buffer
	if err := root.WriteSVG(&b, "title & more", "note", 10); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for d := xml.NewDecoder(&b); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"title &amp; more", ">kern.Kernel.trap<", "a&lt;b&gt;&amp;c: 40.0 %, 4.0 instructions, 4.0 of them its own"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(text, "tiny") {
		t.Error("what has no width is drawn")
	}
}

func TestShortName(t *testing.T) {
	for name, want := range map[string]string{
		"defpager/mm/vm.(*Map).Fault": "vm.Map.Fault", "runtime.mallocgc": "runtime.mallocgc", "enter": "enter", "(ring 3)": "(ring 3)",
		"github.com/a/b/v4/c.Do": "c.Do", "defpager/ipc.Sort[go.shape.*uint8/x]": "ipc.Sort[go.shape.*uint8/x]",
	} {
		if got := shortName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := fit("abcdefgh", 5*letter); got != "abc.." {
		t.Errorf("fit: %q", got)
	}
}
