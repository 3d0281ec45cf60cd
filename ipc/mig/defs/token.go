package defs

import (
	"fmt"
	"strings"
)

// Position is a place in a source file, for error messages. Lines and columns count from 1.
type Position struct {
	File         string
	Line, Column int
}

func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Error is a mistake in a .defs file.
type Error struct {
	Position Position
	Text     string
}

func (e *Error) Error() string { return e.Position.String() + ": " + e.Text }

func errorf(p Position, format string, args ...any) error {
	return &Error{p, fmt.Sprintf(format, args...)}
}

// kind says what a token is.
type kind int

const (
	end    kind = iota
	word        // identifier or key word
	number      // decimal or hexadecimal
	text        // "string", without its quotes
	path        // <file>, likewise
	mark        // one punctuation character
)

type token struct {
	kind kind
	text string
	at   Position
}

func (t token) String() string {
	if t.kind == end {
		return "end of file"
	}
	return fmt.Sprintf("%q", t.text)
}

// line is one line of the source after the preprocessor: comments are blanked, directives gone.
type line struct {
	at   Position
	text string
}

// scan splits preprocessed lines into tokens.
func scan(lines []line) ([]token, error) {
	var out []token
	for _, l := range lines {
		for i := 0; i < len(l.text); {
			c := l.text[i]
			at := l.at
			at.Column = i + 1
			switch {
			case strings.IndexByte(" \t\r\f\v", c) >= 0:
				i++
			case isLetter(c):
				j := i
				for j < len(l.text) && (isLetter(l.text[j]) || isDigit(l.text[j])) {
					j++
				}
				out = append(out, token{word, l.text[i:j], at})
				i = j
			case isDigit(c):
				j := i
				for j < len(l.text) && (isLetter(l.text[j]) || isDigit(l.text[j])) {
					j++
				}
				out = append(out, token{number, l.text[i:j], at})
				i = j
			case c == '"' || c == '<':
				kind, closing := text, `"`
				if c == '<' {
					kind, closing = path, ">"
				}
				j := strings.Index(l.text[i+1:], closing)
				if j < 0 {
					return nil, errorf(at, "no closing %s on this line", closing)
				}
				out = append(out, token{kind, l.text[i+1 : i+1+j], at})
				i += j + 2
			case strings.IndexByte(";:,()[]{}=*^|+-/", c) >= 0:
				out = append(out, token{mark, string(c), at})
				i++
			default:
				return nil, errorf(at, "unexpected character %q", c)
			}
		}
	}
	last := Position{Line: 1, Column: 1}
	for _, l := range lines {
		if text := strings.TrimRight(l.text, " \t\r"); text != "" {
			last = l.at
			last.Column = len(text) + 1
		}
	}
	return append(out, token{end, "", last}), nil
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
