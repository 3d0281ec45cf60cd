package screen

import "bytes"

// surface is what characters are drawn on.
type surface interface {
	// size is how many rows and columns have room.
	size() (rows, columns int)
	// draw puts a printable character, with the cursor or without, to a place.
	draw(row, column int, c byte, cursor bool)
}

// Terminal is a screen full of characters.
type Terminal struct {
	on            surface
	rows, columns int
	cells, shown  []byte // what is to be seen, and what was drawn last, by rows
	row, column   int    // of the cursor; column may be columns: then the next character begins a row
	drawnRow      int    // of the cursor that was drawn last
	drawnColumn   int

	state   state
	args    [maxArgs]int
	nargs   int
	lowest  int // the rows from lowest to highest may differ from what was drawn
	highest int
}

// state is how far a control sequence was read.
type state uint8

const (
	text     state = iota
	escape         // behind ESC
	sequence       // behind ESC [
)

// maxArgs is how many numbers of a control sequence count; maxArg is the largest that does.
const (
	maxArgs = 4
	maxArg  = 1 << 12
)

const blank = ' '

// newTerminal clears a surface; nil if there is no room for a character.
func newTerminal(on surface) *Terminal {
	t := &Terminal{on: on}
	if t.rows, t.columns = on.size(); t.rows < 1 || t.columns < 1 {
		return nil
	}
	t.cells = bytes.Repeat([]byte{blank}, t.rows*t.columns)
	t.shown = make([]byte, t.rows*t.columns) // different from all that can be shown: all is drawn
	t.highest = t.rows - 1
	t.flush()
	return t
}

// Write shows p. It never fails.
func (t *Terminal) Write(p []byte) (int, error) {
	for _, b := range p {
		t.put(b)
	}
	t.flush()
	return len(p), nil
}

// Print is Write for one byte of a text that comes byte by byte: it is shown by the end of its line.
func (t *Terminal) Print(b byte) {
	t.put(b)
	if b == '\n' {
		t.column = 0
		t.flush()
	}
}

// put takes one byte.
func (t *Terminal) put(b byte) {
	switch {
	case b == 0x1b:
		t.state = escape
	case t.state == escape:
		t.state = text
		if b == '[' {
			t.state, t.nargs, t.args = sequence, 0, [maxArgs]int{}
		}
	case t.state == sequence:
		t.sequence(b)
	case b == '\n':
		t.lineFeed()
	case b == '\r':
		t.column = 0
	case b == '\b':
		t.column = max(min(t.column, t.columns-1)-1, 0)
	case b == '\t':
		t.column = min(t.column&^7+8, t.columns-1)
	case b >= 0x80 && b < 0xc0: // inside a character of UTF-8, which stands for itself as one
	case b >= 0xc0:
		t.show('?')
	case b >= blank && b != 0x7f:
		t.show(b)
	}
}

func (t *Terminal) show(c byte) {
	if t.column == t.columns {
		t.column = 0
		t.lineFeed()
	}
	t.cells[t.row*t.columns+t.column] = c
	t.touch(t.row, t.row)
	t.column++
}

func (t *Terminal) touch(from, to int) {
	t.lowest, t.highest = min(t.lowest, from), max(t.highest, to)
}

func (t *Terminal) lineFeed() {
	if t.row < t.rows-1 {
		t.row++
		return
	}
	copy(t.cells, t.cells[t.columns:])
	t.erase(len(t.cells)-t.columns, len(t.cells))
	t.touch(0, t.rows-1)
}

// erase makes the cells from one to before another blank.
func (t *Terminal) erase(from, to int) {
	for i := from; i < to; i++ {
		t.cells[i] = blank
	}
	if from < to {
		t.touch(from/t.columns, (to-1)/t.columns)
	}
}

// sequence takes one byte of a control sequence (ECMA-48, 5.4).
func (t *Terminal) sequence(b byte) {
	switch {
	case b >= '0' && b <= '9':
		if t.nargs < maxArgs {
			t.args[t.nargs] = min(t.args[t.nargs]*10+int(b-'0'), maxArg)
		}
	case b == ';':
		t.nargs++
	case b >= 0x40 && b <= 0x7e:
		t.state = text
		t.control(b)
	case b < blank: // not part of one
		t.state = text
		t.put(b)
	}
}

// control carries out a control sequence.
func (t *Terminal) control(final byte) {
	n := max(t.args[0], 1)
	at := min(t.column, t.columns-1)
	here, line := t.row*t.columns+at, t.row*t.columns
	switch final {
	case 'A':
		t.row = max(t.row-n, 0)
	case 'B':
		t.row = min(t.row+n, t.rows-1)
	case 'C':
		t.column = min(at+n, t.columns-1)
	case 'D':
		t.column = max(at-n, 0)
	case 'H', 'f':
		t.row, t.column = min(n, t.rows)-1, min(max(t.args[1], 1), t.columns)-1
	case 'J':
		switch t.args[0] {
		case 0:
			t.erase(here, len(t.cells))
		case 1:
			t.erase(0, here+1)
		case 2:
			t.erase(0, len(t.cells))
		}
	case 'K':
		switch t.args[0] {
		case 0:
			t.erase(here, line+t.columns)
		case 1:
			t.erase(line, here+1)
		case 2:
			t.erase(line, line+t.columns)
		}
	}
}

// flush draws what has changed.
func (t *Terminal) flush() {
	for r := t.lowest; r <= t.highest; r++ {
		for c := range t.columns {
			if i := r*t.columns + c; t.cells[i] != t.shown[i] {
				t.on.draw(r, c, t.cells[i], false)
				t.shown[i] = t.cells[i]
			}
		}
	}
	t.lowest, t.highest = t.rows, -1
	t.on.draw(t.drawnRow, t.drawnColumn, t.cells[t.drawnRow*t.columns+t.drawnColumn], false)
	t.drawnRow, t.drawnColumn = t.row, min(t.column, t.columns-1)
	t.on.draw(t.drawnRow, t.drawnColumn, t.cells[t.drawnRow*t.columns+t.drawnColumn], true)
}
