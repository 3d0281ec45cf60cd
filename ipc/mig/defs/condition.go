package defs

import (
	"slices"
	"strconv"
	"strings"
)

// condition evaluates the expression of #if: integers, defined, macros, parentheses and all operators of C's preprocessor but ?: .
func (p *preprocessor) condition(at Position, text string) (bool, error) {
	var b strings.Builder
	words := splitExpression(text)
	for len(words) != 0 {
		w := words[0]
		words = words[1:]
		if w == "defined" {
			var err error
			if w, words, err = p.defined(at, words); err != nil {
				return false, err
			}
		}
		b.WriteString(w + " ")
	}
	text, err := p.expand(at, b.String())
	if err != nil {
		return false, err
	}
	e := &expression{at: at, words: splitExpression(text)}
	v, err := e.binary(0)
	if err == nil && len(e.words) > 0 {
		err = errorf(at, "unexpected %q in #if", e.words[0])
	}
	return v != 0, err
}

// defined is 1 or 0 for the operand of "defined" that words begin with, and the words behind it.
func (p *preprocessor) defined(at Position, words []string) (string, []string, error) {
	name := ""
	switch {
	case len(words) >= 3 && words[0] == "(" && words[2] == ")":
		name, words = words[1], words[3:]
	case len(words) >= 1 && words[0] != "(":
		name, words = words[0], words[1:]
	default:
		return "", nil, errorf(at, "no name behind defined")
	}
	if _, ok := p.defines[name]; ok {
		return "1", words, nil
	}
	return "0", words, nil
}

type expression struct {
	at    Position
	words []string
	depth int // of parentheses and signs
}

// maxDepth bounds what may stand in each other.
const maxDepth = 200

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
		case i+1 < len(text) && strings.Contains(" && || == != <= >= << >> ", " "+text[i:i+2]+" "):
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

// operators are those between two operands, the weakest first.
var operators = [][]string{{"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<", ">", "<=", ">="}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}}

// binary reads operands and the operators between them that are as strong as level, or stronger.
func (e *expression) binary(level int) (int64, error) {
	if level == len(operators) {
		return e.unary()
	}
	v, err := e.binary(level + 1)
	for err == nil && slices.Contains(operators[level], e.peek()) {
		op := e.next()
		var w int64
		if w, err = e.binary(level + 1); err == nil {
			v, err = e.apply(op, v, w)
		}
	}
	return v, err
}

func (e *expression) apply(op string, v, w int64) (int64, error) {
	switch op {
	case "||":
		return truth(v != 0 || w != 0), nil
	case "&&":
		return truth(v != 0 && w != 0), nil
	case "|":
		return v | w, nil
	case "^":
		return v ^ w, nil
	case "&":
		return v & w, nil
	case "==":
		return truth(v == w), nil
	case "!=":
		return truth(v != w), nil
	case "<":
		return truth(v < w), nil
	case ">":
		return truth(v > w), nil
	case "<=":
		return truth(v <= w), nil
	case ">=":
		return truth(v >= w), nil
	case "<<":
		return v << (uint64(w) & 63), nil
	case ">>":
		return v >> (uint64(w) & 63), nil
	case "+":
		return v + w, nil
	case "-":
		return v - w, nil
	case "*":
		return v * w, nil
	}
	if w == 0 {
		return 0, errorf(e.at, "division by zero in #if")
	}
	if op == "/" {
		return v / w, nil
	}
	return v % w, nil
}

func (e *expression) unary() (int64, error) {
	w := e.next()
	if e.depth++; e.depth > maxDepth {
		return 0, errorf(e.at, "more than %d parentheses and signs in each other in #if", maxDepth)
	}
	defer func() { e.depth-- }()
	switch {
	case w == "":
		return 0, errorf(e.at, "the condition of #if ends too early")
	case w == "!":
		v, err := e.unary()
		return truth(v == 0), err
	case w == "-" || w == "+" || w == "~":
		v, err := e.unary()
		return map[string]int64{"-": -v, "+": v, "~": ^v}[w], err
	case w == "(":
		v, err := e.binary(0)
		if err == nil && e.next() != ")" {
			err = errorf(e.at, "no closing parenthesis in #if")
		}
		return v, err
	case isDigit(w[0]):
		v, err := strconv.ParseInt(strings.TrimRight(w, "uUlL"), 0, 64)
		if err != nil {
			return 0, errorf(e.at, "bad number %s in #if", w)
		}
		return v, nil
	case isLetter(w[0]):
		return 0, nil // as in C, a name that is not a macro is zero
	}
	return 0, errorf(e.at, "unexpected %q in #if", w)
}
