package screen

import "fmt"

// textMode is the memory of a screen that shows characters itself: each is two bytes, itself and its colours.
type textMode struct {
	memory        []byte
	rows, columns int
}

// Colours of the text mode: grey on black, and black on grey.
const (
	plain   = 0x07
	inverse = 0x70
)

// NewText makes a terminal on a screen in text mode, which it clears.
func NewText(memory []byte, rows, columns int) (*Terminal, error) {
	if rows < 1 || columns < 1 || len(memory)/2/columns < rows {
		return nil, fmt.Errorf("%d bytes for %d rows of %d characters", len(memory), rows, columns)
	}
	return newTerminal(&textMode{memory, rows, columns}), nil
}

func (m *textMode) size() (rows, columns int) { return m.rows, m.columns }

func (m *textMode) draw(row, column int, c byte, cursor bool) {
	at := 2 * (row*m.columns + column)
	m.memory[at], m.memory[at+1] = c, plain
	if cursor {
		m.memory[at+1] = inverse
	}
}
