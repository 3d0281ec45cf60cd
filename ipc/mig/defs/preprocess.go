package defs

import (
	"strconv"
	"strings"
)

// preprocess blanks comments, carries out the C preprocessor's conditionals and object-like macros, and drops directives.
//
// defines gives the macros that are set from outside (-D); files read with #include come from open, which may be nil.
func preprocess(file, source string, defines map[string]string, open func(string) (string, error)) ([]line, error) {
	p := &preprocessor{defines: map[string]string{}, open: open}
	for k, v := range defines {
		p.defines[k] = v
	}
	if err := p.file(file, source, 0); err != nil {
		return nil, err
	}
	return p.out, nil
}

// maxIncludes bounds nested #include, so that a file that includes itself ends with an error.
const maxIncludes = 32

type preprocessor struct {
	defines map[string]string
	open    func(string) (string, error)
	out     []line
}

// branch is one open #if: whether its lines count, whether one of its branches did already, and whether it is in #else.
type branch struct {
	active, taken, last bool
	at                  Position
}

func (p *preprocessor) file(name, source string, depth int) error {
	source, err := blankComments(name, source)
	if err != nil {
		return err
	}
	var open []branch
	active := func() bool {
		for _, b := range open {
			if !b.active {
				return false
			}
		}
		return true
	}
	lines := strings.Split(source, "\n")
	for i := 0; i < len(lines); i++ {
		at := Position{name, i + 1, 1}
		text := lines[i]
		for strings.HasSuffix(text, "\\") && i+1 < len(lines) {
			i++
			text = text[:len(text)-1] + " " + lines[i]
		}
		trimmed := strings.TrimSpace(text)
		if !strings.HasPrefix(trimmed, "#") {
			if active() && trimmed != "" {
				p.out = append(p.out, line{at, p.expand(text)})
			}
			continue
		}
		name, rest := cutWord(trimmed[1:])
		outer := active()
		switch name {
		case "if", "ifdef", "ifndef":
			value, err := false, error(nil)
			switch {
			case !outer:
			case name == "if":
				value, err = p.condition(at, rest)
			default:
				_, set := p.defines[rest]
				value = set == (name == "ifdef")
			}
			if err != nil {
				return err
			}
			open = append(open, branch{active: value, taken: value, at: at})
		case "elif", "else", "endif":
			if len(open) == 0 {
				return errorf(at, "#%s without #if", name)
			}
			b := &open[len(open)-1]
			switch {
			case name == "endif":
				open = open[:len(open)-1]
			case b.last:
				return errorf(at, "#%s after #else", name)
			case name == "else":
				b.active, b.last = !b.taken, true
			case b.taken:
				b.active = false
			default:
				b.active = true // for the outer conditions
				value := false
				if active() {
					var err error
					if value, err = p.condition(at, rest); err != nil {
						return err
					}
				}
				b.active, b.taken = value, value
			}
		case "define":
			if outer {
				macro, value := cutWord(rest)
				if strings.Contains(macro, "(") {
					return errorf(at, "macros with arguments are not supported: %s", macro)
				}
				p.defines[macro] = value
			}
		case "undef":
			if outer {
				delete(p.defines, rest)
			}
		case "include":
			if outer {
				if err := p.include(at, rest, depth); err != nil {
					return err
				}
			}
		case "error":
			if outer {
				return errorf(at, "#error %s", rest)
			}
		case "", "pragma", "line", "ident":
		default:
			return errorf(at, "unknown directive #%s", name)
		}
	}
	if len(open) > 0 {
		return errorf(open[len(open)-1].at, "#if without #endif")
	}
	return nil
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

// expand replaces object-like macros in text, outside strings, until nothing changes (or a bound is met).
func (p *preprocessor) expand(text string) string {
	for range 16 {
		var b strings.Builder
		changed := false
		for i := 0; i < len(text); {
			switch {
			case text[i] == '"':
				j := strings.IndexByte(text[i+1:], '"')
				if j < 0 {
					j = len(text) - i - 2
				}
				b.WriteString(text[i : i+j+2])
				i += j + 2
			case isLetter(text[i]):
				j := i
				for j < len(text) && (isLetter(text[j]) || isDigit(text[j])) {
					j++
				}
				w := text[i:j]
				if v, ok := p.defines[w]; ok && v != w {
					w, changed = v, true
				}
				b.WriteString(w)
				i = j
			default:
				b.WriteByte(text[i])
				i++
			}
		}
		text = b.String()
		if !changed {
			break
		}
	}
	return text
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

// condition evaluates the expression of #if: integers, defined, !, comparisons, && and ||, parentheses.
func (p *preprocessor) condition(at Position, text string) (bool, error) {
	e := &expression{p: p, at: at, words: splitExpression(text)}
	v, err := e.or()
	if err == nil && len(e.words) > 0 {
		err = errorf(at, "unexpected %q in #if", e.words[0])
	}
	return v != 0, err
}

type expression struct {
	p     *preprocessor
	at    Position
	words []string
}

func splitExpression(text string) []string {
	var out []string
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\t':
			i++
		case isLetter(c) || isDigit(c):
			j := i
			for j < len(text) && (isLetter(text[j]) || isDigit(text[j])) {
				j++
			}
			out = append(out, text[i:j])
			i = j
		case i+1 < len(text) && strings.Contains(" && || == != <= >= ", " "+text[i:i+2]+" "):
			out = append(out, text[i:i+2])
			i += 2
		default:
			out = append(out, text[i:i+1])
			i++
		}
	}
	return out
}

func (e *expression) peek() string {
	if len(e.words) == 0 {
		return ""
	}
	return e.words[0]
}

func (e *expression) next() string {
	w := e.peek()
	if len(e.words) > 0 {
		e.words = e.words[1:]
	}
	return w
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (e *expression) or() (int64, error) {
	v, err := e.and()
	for err == nil && e.peek() == "||" {
		e.next()
		var w int64
		w, err = e.and()
		v = truth(v != 0 || w != 0)
	}
	return v, err
}

func (e *expression) and() (int64, error) {
	v, err := e.compare()
	for err == nil && e.peek() == "&&" {
		e.next()
		var w int64
		w, err = e.compare()
		v = truth(v != 0 && w != 0)
	}
	return v, err
}

func (e *expression) compare() (int64, error) {
	v, err := e.unary()
	for err == nil {
		op := e.peek()
		switch op {
		case "==", "!=", "<", ">", "<=", ">=":
		default:
			return v, nil
		}
		e.next()
		var w int64
		if w, err = e.unary(); err != nil {
			break
		}
		v = truth(map[string]bool{"==": v == w, "!=": v != w, "<": v < w, ">": v > w, "<=": v <= w, ">=": v >= w}[op])
	}
	return v, err
}

func (e *expression) unary() (int64, error) {
	w := e.next()
	switch {
	case w == "":
		return 0, errorf(e.at, "the condition of #if ends too early")
	case w == "!":
		v, err := e.unary()
		return truth(v == 0), err
	case w == "(":
		v, err := e.or()
		if err == nil && e.next() != ")" {
			err = errorf(e.at, "no closing parenthesis in #if")
		}
		return v, err
	case w == "defined":
		name := e.next()
		if name == "(" {
			name = e.next()
			if e.next() != ")" {
				return 0, errorf(e.at, "no closing parenthesis behind defined")
			}
		}
		_, ok := e.p.defines[name]
		return truth(ok), nil
	case isDigit(w[0]):
		v, err := strconv.ParseInt(strings.TrimRight(w, "uUlL"), 0, 64)
		if err != nil {
			return 0, errorf(e.at, "bad number %s in #if", w)
		}
		return v, nil
	case isLetter(w[0]):
		value := strings.TrimSpace(e.p.expand(w))
		if value == w || value == "" {
			return 0, nil // as in C, a name that is not a macro is zero
		}
		inner := &expression{p: e.p, at: e.at, words: splitExpression(value)}
		return inner.or()
	}
	return 0, errorf(e.at, "unexpected %q in #if", w)
}
