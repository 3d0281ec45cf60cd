package defs

import (
	"slices"
	"strings"
)

// macro is what #define gives a name: text, in which the parameters of a macro with arguments stand for those.
type macro struct {
	function bool
	params   []string
	body     string
}

// define carries out #define with what stands behind it.
func (p *preprocessor) define(at Position, text string) error {
	n := wordLength(text)
	if n == 0 {
		return errorf(at, "#define wants a name")
	}
	m := macro{body: strings.TrimSpace(text[n:])}
	if n < len(text) && text[n] == '(' {
		params, rest, ok := strings.Cut(text[n+1:], ")")
		if !ok {
			return errorf(at, "no closing parenthesis behind the parameters of %s", text[:n])
		}
		m = macro{function: true, body: strings.TrimSpace(rest)}
		for _, param := range strings.Split(params, ",") {
			if param = strings.TrimSpace(param); param != "" && wordLength(param) == len(param) {
				m.params = append(m.params, param)
			} else if strings.TrimSpace(params) != "" {
				return errorf(at, "%q is no parameter of %s", param, text[:n])
			}
		}
	}
	p.defines[text[:n]] = m
	return nil
}

// wordLength is the length of the identifier that s begins with.
func wordLength(s string) int {
	n := 0
	for n < len(s) && (isLetter(s[n]) || n > 0 && isDigit(s[n])) {
		n++
	}
	return n
}

// Bounds of what the macros of one line become, and of all that is read for it: macros that name each other twice would not end.
const (
	maxLine = 1 << 16 // bytes
	maxWork = 1 << 20 // bytes of macros' bodies, and as many again for each macro
)

// expand replaces macros in a line, outside strings.
func (p *preprocessor) expand(at Position, text string) (string, error) {
	p.work = 0
	return p.replace(at, text, nil)
}

// replace replaces macros in text but those of which it is the result already.
func (p *preprocessor) replace(at Position, text string, hidden []string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); {
		if text[i] == '"' {
			j := strings.IndexByte(text[i+1:], '"')
			if j < 0 {
				j = len(text) - i - 2
			}
			b.WriteString(text[i : i+j+2])
			i += j + 2
			continue
		}
		if isDigit(text[i]) { // 10u is one word, and no macro
			j := i
			for j < len(text) && (isLetter(text[j]) || isDigit(text[j])) {
				j++
			}
			b.WriteString(text[i:j])
			i = j
			continue
		}
		n := wordLength(text[i:])
		if n == 0 {
			b.WriteByte(text[i])
			i++
			continue
		}
		w := text[i : i+n]
		i += n
		m, ok := p.defines[w]
		if !ok || slices.Contains(hidden, w) {
			b.WriteString(w)
			continue
		}
		body := m.body
		if m.function {
			args, length, err := arguments(at, w, text[i:])
			if err != nil {
				return "", err
			}
			if length == 0 { // a name without parentheses is no call
				b.WriteString(w)
				continue
			}
			i += length
			if body, err = p.substitute(at, w, m, args, hidden); err != nil {
				return "", err
			}
		}
		if p.work += 16 + len(body); p.work > maxWork || len(hidden) > maxIncludes {
			return "", errorf(at, "macros do not come to an end: %s", w)
		}
		body, err := p.replace(at, body, append(hidden[:len(hidden):len(hidden)], w))
		if err != nil {
			return "", err
		}
		if b.WriteString(body); b.Len() > maxLine {
			return "", errorf(at, "macros make this line longer than %d bytes", maxLine)
		}
	}
	return b.String(), nil
}

// arguments cuts the arguments of a call of the macro w out of the text behind its name; length 0: there is no call.
func arguments(at Position, w, text string) (args []string, length int, err error) {
	begin := len(text) - len(strings.TrimLeft(text, " \t"))
	if begin == len(text) || text[begin] != '(' {
		return nil, 0, nil
	}
	depth, from := 0, begin+1
	for i := begin; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return append(args, strings.TrimSpace(text[from:i])), i + 1, nil
			}
		case ',':
			if depth == 1 {
				args = append(args, strings.TrimSpace(text[from:i]))
				from = i + 1
			}
		}
	}
	return nil, 0, errorf(at, "no closing parenthesis on this line behind the arguments of %s", w)
}

// substitute is the body of the macro w with arguments in place of its parameters.
func (p *preprocessor) substitute(at Position, w string, m macro, args []string, hidden []string) (string, error) {
	if len(m.params) == 0 && len(args) == 1 && args[0] == "" {
		args = nil
	}
	if len(args) != len(m.params) {
		return "", errorf(at, "macro %s has %d parameters, and is given %d arguments", w, len(m.params), len(args))
	}
	values := map[string]string{}
	for i, param := range m.params {
		v, err := p.replace(at, args[i], hidden)
		if err != nil {
			return "", err
		}
		values[param] = v
	}
	var b strings.Builder
	for i := 0; i < len(m.body); {
		n := wordLength(m.body[i:])
		if n == 0 {
			b.WriteByte(m.body[i])
			i++
			continue
		}
		word := m.body[i : i+n]
		if v, ok := values[word]; ok {
			word = v
		}
		if b.WriteString(word); b.Len() > maxLine {
			return "", errorf(at, "macros make this line longer than %d bytes", maxLine)
		}
		i += n
	}
	return b.String(), nil
}
