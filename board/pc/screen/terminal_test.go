package screen

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// slate is a surface that tests read.
type slate struct {
	rows, columns int
	cells         []byte
	cursors       []int // where the cursor is drawn
}

func newSlate(rows, columns int) *slate {
	return &slate{rows, columns, make([]byte, rows*columns), nil}
}

func (s *slate) size() (rows, columns int) { return s.rows, s.columns }

func (s *slate) draw(row, column int, c byte, cursor bool) {
	i := row*s.columns + column
	s.cells[i] = c
	for k := range s.cursors {
		if s.cursors[k] == i {
			s.cursors = append(s.cursors[:k], s.cursors[k+1:]...)
			break
		}
	}
	if cursor {
		s.cursors = append(s.cursors, i)
	}
}

// lines is what is to be seen, without blanks at the ends of lines and empty lines at the end.
func (s *slate) lines() string {
	var list []string
	for r := range s.rows {
		list = append(list, strings.TrimRight(string(s.cells[r*s.columns:][:s.columns]), " "))
	}
	return strings.TrimRight(strings.Join(list, "\n"), "\n")
}

func TestTerminal(t *testing.T) {
	for _, c := range []struct{ name, write, want string }{
		{"lines", "one\r\ntwo", "one\ntwo"},
		{"line feed alone", "one\ntwo", "one\n   two"},
		{"wrap", "0123456789ab", "0123456789\nab"},
		{"a full row wraps with the next character", "0123456789\rx\r\ny", "x123456789\ny"},
		{"scroll", "1\r\n2\r\n3\r\n4\r\n5", "2\n3\n4\n5"},
		{"scroll by wrap", "1\r\n2\r\n3\r\n0123456789ab", "2\n3\n0123456789\nab"},
		{"backspace", "abc\b\bx", "axc"},
		{"backspace at the left", "\b\bx", "x"},
		{"backspace after a full row", "0123456789\bx", "01234567x9"},
		{"tabs", "a\tb\tc", "a       bc"},
		{"cursor", "a\x1b[2Cb\x1b[Bc\x1b[3Dd\x1b[Ae", "a  e\n  d c"},
		{"position", "\x1b[2;3Hx\x1b[Hy", "y\n  x"},
		{"position beyond", "\x1b[99;99Hx", "\n\n\n         x"},
		{"erase the line's rest", "abcdef\x1b[3D\x1b[K", "abc"},
		{"erase the line's begin", "abcdef\x1b[3D\x1b[1K", "    ef"},
		{"erase the line", "ab\r\ncd\x1b[2Kx", "ab\n  x"},
		{"erase the screen's rest", "ab\r\ncd\r\nef\x1b[2;2H\x1b[J", "ab\nc"},
		{"erase the screen's begin", "ab\r\ncd\r\nef\x1b[2;1H\x1b[1J", "\n d\nef"},
		{"erase all", "ab\r\ncd\x1b[2J\x1b[Hx", "x"},
		{"colours", "\x1b[1;31mred\x1b[0m", "red"},
		{"private", "\x1b[?25lx", "x"},
		{"many numbers", "\x1b[1;2;3;4;5;6;7mx", "x"},
		{"a large number", "\x1b[99999999999999999999Cx", "         x"},
		{"not a sequence", "\x1bxy\x1b[1\r\nz", "y\nz"},
		{"UTF-8", "a\xc3\xa4b\xe2\x82\xacc", "a?b?c"},
		{"other controls", "a\x00\x07\x7fb", "ab"},
	} {
		s := newSlate(4, 10)
		term := newTerminal(s)
		if n, err := term.Write([]byte(c.write)); n != len(c.write) || err != nil {
			t.Errorf("%s: %d, %v", c.name, n, err)
		}
		if got := s.lines(); got != c.want {
			t.Errorf("%s: shows\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// TestAnyBytes writes anything, in pieces: what is drawn is what the terminal holds, with one cursor.
func TestAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSlate(rapid.IntRange(1, 5).Draw(t, "rows"), rapid.IntRange(1, 12).Draw(t, "columns"))
		term := newTerminal(s)
		b := rapid.SliceOf(rapid.SampledFrom([]byte("ab \x1b[[[;?0123459ABCDHJKm\r\n\b\t\x7f\x80\xc3"))).Draw(t, "text")
		cut := rapid.IntRange(0, len(b)).Draw(t, "cut")
		for _, piece := range [][]byte{b[:cut], b[cut:]} {
			_, _ = term.Write(piece)
			if string(s.cells) != string(term.cells) {
				t.Fatalf("shows %q, holds %q", s.cells, term.cells)
			}
			if at := term.row*term.columns + min(term.column, term.columns-1); len(s.cursors) != 1 || s.cursors[0] != at {
				t.Fatalf("cursors %d, want one at %d", s.cursors, at)
			}
		}
	})
}

func TestPrint(t *testing.T) {
	s := newSlate(3, 10)
	term := newTerminal(s)
	for _, b := range []byte("one\ntwo") {
		term.Print(b)
	}
	if got := s.lines(); got != "one" {
		t.Errorf("shows %q before the end of the line", got)
	}
	term.Print('\n')
	if got := s.lines(); got != "one\ntwo" {
		t.Errorf("shows %q", got)
	}
}

func TestAllocatesNothing(t *testing.T) {
	term, err := NewGraphics(Graphics{Memory: make([]byte, 320*200*4), Width: 320, Height: 200, Pitch: 320 * 4, Depth: 32})
	if err != nil {
		t.Fatal(err)
	}
	line := []byte("a line that is longer than the screen is wide, with \x1b[1;31mcolours\x1b[m\r\n")
	if n := testing.AllocsPerRun(100, func() { _, _ = term.Write(line) }); n != 0 {
		t.Errorf("%v allocations for a line", n)
	}
}

func TestBadScreens(t *testing.T) {
	good := Graphics{Memory: make([]byte, 64*32*4), Width: 64, Height: 32, Pitch: 64 * 4, Depth: 32}
	if _, err := NewGraphics(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(g *Graphics){
		"depth":  func(g *Graphics) { g.Depth = 8 },
		"width":  func(g *Graphics) { g.Width = 7 },
		"height": func(g *Graphics) { g.Height = 15 },
		"pitch":  func(g *Graphics) { g.Pitch-- },
		"memory": func(g *Graphics) { g.Memory = g.Memory[1:] },
		"zero":   func(g *Graphics) { *g = Graphics{} },
	} {
		g := good
		spoil(&g)
		if _, err := NewGraphics(g); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := NewText(make([]byte, 159), 1, 80); err == nil {
		t.Error("text: no error")
	}
}

// TestDepths draws the same on screens of each depth, and in text mode.
func TestDepths(t *testing.T) {
	for _, depth := range []int{16, 24, 32} {
		const width, height, pitch = 24, 16, 100
		g := Graphics{Memory: make([]byte, pitch*height), Width: width, Height: height, Pitch: pitch, Depth: depth}
		term, err := NewGraphics(g)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = term.Write([]byte("I"))
		lit := func(column int) (n int) {
			for y := range height {
				for x := range glyphWidth {
					if g.Memory[y*pitch+(column*glyphWidth+x)*depth/8] >= 0x80 {
						n++
					}
				}
			}
			return n
		}
		if i, cursor, none := lit(0), lit(1), lit(2); i < 10 || i > 60 || cursor != glyphWidth*glyphHeight || none != 0 {
			t.Errorf("%d bits: %d pixels of I, %d of the cursor, %d of nothing", depth, i, cursor, none)
		}
	}
	m := make([]byte, 2*4)
	term, err := NewText(m, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = term.Write([]byte("I"))
	if string(m) != "I\x07 \x70 \x07 \x07" {
		t.Errorf("text mode holds %q", m)
	}
}
