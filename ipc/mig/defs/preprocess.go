package defs

import (
	"strconv"
	"strings"
)

// preprocess blanks comments, carries out the C preprocessor's conditionals and macros, and drops directives. It understands the line markers of text
// that a C preprocessor has been over.
//
// defines gives the macros that are set from outside (-D); files read with #include come from open, which may be nil.
func preprocess(file, source string, defines map[string]string, open func(string) (string, error)) ([]line, error) {
	p := &preprocessor{defines: map[string]macro{}, open: open}
	for k, v := range defines {
		p.defines[k] = macro{body: v}
	}
	if err := p.file(file, source, 0); err != nil {
		return nil, err
	}
	return p.out, nil
}

// maxIncludes bounds nested #include, so that a file that includes itself ends with an error.
const maxIncludes = 32

type preprocessor struct {
	defines map[string]macro
	open    func(string) (string, error)
	out     []line
	work    int // macros replaced in this line
}

// file goes through a file that is included depth deep.
func (p *preprocessor) file(name, source string, depth int) error {
	source, err := blankComments(name, source)
	if err != nil {
		return err
	}
	var open conditionals
	lines := strings.Split(source, "\n")
	shown, first := name, 1 // the file that line markers name, and which of its lines the text begins with
	for i := 0; i < len(lines); i++ {
		at := Position{shown, max(i+first, 1), 1}
		text := lines[i]
		for strings.HasSuffix(text, "\\") && i+1 < len(lines) {
			i++
			text = text[:len(text)-1] + " " + lines[i]
		}
		trimmed := strings.TrimSpace(text)
		if !strings.HasPrefix(trimmed, "#") {
			if open.active() && trimmed != "" {
				text, err := p.expand(at, text)
				if err != nil {
					return err
				}
				p.out = append(p.out, line{at, text})
			}
			continue
		}
		name, rest := cutName(trimmed[1:])
		if name == "line" {
			name, rest = cutWord(rest)
		}
		if n, err := strconv.Atoi(name); err == nil {
			if parts := strings.SplitN(rest, `"`, 3); len(parts) == 3 {
				shown = parts[1]
			}
			first = n - (i + 1)
			continue
		}
		if err := p.directive(at, name, rest, depth, &open); err != nil {
			return err
		}
	}
	if len(open) > 0 {
		return errorf(open[len(open)-1].at, "#if without #endif")
	}
	return nil
}

// directive carries out the directive of that name. What lies in a branch that does not count is looked at for its conditionals only.
func (p *preprocessor) directive(at Position, name, rest string, depth int, open *conditionals) error {
	switch name {
	case "if", "ifdef", "ifndef":
		return p.begin(at, name, rest, open)
	case "elif", "else", "endif":
		return p.goOn(at, name, rest, open)
	case "define", "undef", "include", "error":
		if !open.active() {
			return nil
		}
	case "", "pragma", "ident", "warning":
		return nil
	default:
		if !open.active() {
			return nil
		}
		return errorf(at, "unknown directive #%s", name)
	}
	switch name {
	case "define":
		return p.define(at, rest)
	case "undef":
		if wordLength(rest) == 0 {
			return errorf(at, "#undef wants a name")
		}
		delete(p.defines, rest[:wordLength(rest)])
	case "include":
		return p.include(at, rest, depth)
	case "error":
		return errorf(at, "#error %s", rest)
	}
	return nil
}

// cutName cuts off a directive's name, which need not have a blank behind it: #if(A) is one.
func cutName(s string) (name, rest string) {
	s = strings.TrimSpace(s)
	if n := wordLength(s); n != 0 {
		return s[:n], strings.TrimSpace(s[n:])
	}
	return cutWord(s)
}

// cutWord cuts off the first word, which blanks or tabulators end.
func cutWord(s string) (first, rest string) {
	s = strings.TrimSpace(s)
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], strings.TrimSpace(s[i:])
	}
	return s, ""
}

func (p *preprocessor) include(at Position, operand string, depth int) error {
	if len(operand) < 2 || !(operand[0] == '"' && operand[len(operand)-1] == '"' || operand[0] == '<' && operand[len(operand)-1] == '>') {
		return errorf(at, "#include wants \"file\" or <file>, not %s", operand)
	}
	if depth == maxIncludes {
		return errorf(at, "more than %d nested #include", maxIncludes)
	}
	name := operand[1 : len(operand)-1]
	if p.open == nil {
		return errorf(at, "cannot include %s: no search path was given", name)
	}
	source, err := p.open(name)
	if err != nil {
		return errorf(at, "cannot include %s: %v", name, err)
	}
	return p.file(name, source, depth+1)
}

// blankComments replaces /* */ and // comments by spaces, keeping lines and columns.
func blankComments(file, source string) (string, error) {
	b := []byte(source)
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '"':
			for i++; i < len(b) && b[i] != '"' && b[i] != '\n'; i++ {
			}
		case b[i] == '/' && i+1 < len(b) && b[i+1] == '/':
			for ; i < len(b) && b[i] != '\n'; i++ {
				b[i] = ' '
			}
		case b[i] == '/' && i+1 < len(b) && b[i+1] == '*':
			n := strings.Index(string(b[i+2:]), "*/")
			if n < 0 {
				before := string(b[:i])
				return "", errorf(Position{file, strings.Count(before, "\n") + 1, i - strings.LastIndexByte(before, '\n')}, "comment without end")
			}
			for j := i; j < i+n+4; j++ {
				if b[j] != '\n' {
					b[j] = ' '
				}
			}
			i += n + 3
		}
	}
	return string(b), nil
}
