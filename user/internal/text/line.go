// Package text builds the lines that programs print, without taking memory: a program that counts the machine's free frames
// would otherwise count its own.
package text

import (
	"os"
	"strconv"
)

// Line is a line of text that is built without taking memory. The zero Line is not usable.
type Line struct{ text []byte }

// New makes a line with room for all that is ever said.
func New() Line { return Line{make([]byte, 0, 256)} }

// Text appends words.
func (l *Line) Text(s string) *Line {
	l.text = append(l.text, s...)
	return l
}

// Number appends a decimal number.
func (l *Line) Number(n uint64) *Line {
	l.text = strconv.AppendUint(l.text, n, 10)
	return l
}

// Hex appends bytes as hexadecimal digits.
func (l *Line) Hex(b []byte) *Line {
	const digits = "0123456789abcdef"
	for _, v := range b {
		l.text = append(l.text, digits[v>>4], digits[v&15])
	}
	return l
}

// Print writes the line to the console and begins a new one. A quiet line is written as NULs, which the console leaves out:
// so a rehearsal touches all memory that writing takes.
func (l *Line) Print(quiet bool) {
	l.text = append(l.text, '\n')
	if quiet {
		clear(l.text)
	}
	os.Stdout.Write(l.text)
	l.text = l.text[:0]
}
