package defs

import (
	"strconv"
	"strings"
)

// Options are what the command line gives to a compilation.
type Options struct {
	Defines map[string]string                 // -D
	Open    func(name string) (string, error) // resolves #include; nil: an error
}

// Parse reads one .defs file. Errors are *Error and name file, line and column.
func Parse(name, source string, o Options) (*File, error) {
	lines, err := preprocess(name, source, o.Defines, o.Open)
	if err != nil {
		return nil, err
	}
	tokens, err := scan(lines)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, file: &File{}, types: builtin(), next: -1}
	for p.peek().kind != end {
		if err := p.statement(); err != nil {
			return nil, err
		}
	}
	if p.next < 0 {
		return nil, errorf(Position{name, 1, 1}, "no subsystem statement")
	}
	return p.file, nil
}

type parser struct {
	tokens []token
	file   *File
	types  map[string]*Type
	next   int // the next routine's id, relative to the base; -1 before the subsystem statement
	depth  int // of types and parentheses in each other
}

// deeper counts what stands in each other; the caller undoes it. The error says that it is too much.
func (p *parser) deeper() error {
	if p.depth++; p.depth > maxDepth {
		return errorf(p.peek().at, "more than %d types or parentheses in each other", maxDepth)
	}
	return nil
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) take() token {
	t := p.tokens[0]
	if t.kind != end {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) is(s string) bool {
	return p.peek().kind != text && p.peek().kind != path && p.peek().text == s
}

// accept takes s when it is next.
func (p *parser) accept(s string) bool {
	if p.is(s) {
		p.take()
		return true
	}
	return false
}

// acceptWord is accept for a key word, which may be written in capitals.
func (p *parser) acceptWord(s string) bool {
	if p.peek().kind != word || !strings.EqualFold(p.peek().text, s) {
		return false
	}
	p.take()
	return true
}

func (p *parser) want(s string) error {
	if !p.accept(s) {
		return errorf(p.peek().at, "expected %q, found %v", s, p.peek())
	}
	return nil
}

func (p *parser) ident(what string) (token, error) {
	t := p.take()
	if t.kind != word {
		return t, errorf(t.at, "expected %s, found %v", what, t)
	}
	return t, nil
}

// integer reads a constant expression of numbers with + and -, and with * and /, which bind closer.
func (p *parser) integer() (int, error) {
	return p.chain("+-", func() (int, error) { return p.chain("*/", p.factor) })
}

// chain reads operands with operators between them, from left to right.
func (p *parser) chain(operators string, operand func() (int, error)) (int, error) {
	v, err := operand()
	for err == nil {
		op := p.peek()
		if op.kind != mark || !strings.Contains(operators, op.text) {
			return v, nil
		}
		p.take()
		var w int
		if w, err = operand(); err != nil {
			break
		}
		switch op.text {
		case "+":
			v += w
		case "-":
			v -= w
		case "*":
			v *= w
		case "/":
			if w == 0 {
				return 0, errorf(op.at, "division by zero")
			}
			v /= w
		}
		if v != int(int32(v)) {
			return 0, errorf(op.at, "%d does not fit into 32 bits", v)
		}
	}
	return v, err
}

func (p *parser) factor() (int, error) {
	defer func() { p.depth-- }()
	if err := p.deeper(); err != nil {
		return 0, err
	}
	if p.accept("(") {
		v, err := p.integer()
		if err == nil {
			err = p.want(")")
		}
		return v, err
	}
	t := p.take()
	if t.kind != number {
		return 0, errorf(t.at, "expected a number, found %v", t)
	}
	digits, base := t.text, 10
	if hex, ok := strings.CutPrefix(strings.ToLower(t.text), "0x"); ok {
		digits, base = hex, 16
	}
	v, err := strconv.ParseInt(digits, base, 32)
	if err != nil {
		return 0, errorf(t.at, "bad number %s", t.text)
	}
	return int(v), nil
}

func (p *parser) statement() error {
	t := p.take()
	if t.kind == mark && t.text == ";" {
		return nil
	}
	if t.kind != word {
		return errorf(t.at, "expected a statement, found %v", t)
	}
	var err error
	switch strings.ToLower(t.text) {
	case "subsystem":
		err = p.subsystem(t.at)
	case "type":
		err = p.typeDefinition()
	case "routine", "simpleroutine":
		return p.routine(strings.ToLower(t.text) == "simpleroutine")
	case "skip":
		n := 1
		if p.peek().kind == number {
			n, err = p.integer()
		}
		if p.next < 0 {
			return errorf(t.at, "skip before the subsystem statement")
		}
		if n < 0 {
			return errorf(t.at, "skip of %d routines", n)
		}
		p.next += n
	case "serverprefix":
		p.file.ServerPrefix, err = p.name()
	case "userprefix":
		p.file.UserPrefix, err = p.name()
	case "serverdemux":
		p.file.ServerDemux, err = p.name()
	case "waittime":
		p.file.WaitTime, err = p.nameOrNumber()
	case "nowaittime":
		p.file.WaitTime = ""
	case "msgoption":
		p.file.MsgOption, err = p.nameOrNumber()
	case "error", "rcsid":
		p.take()
	case "import", "uimport", "simport", "iimport":
		f := p.take()
		i := Import{Name: `"` + f.text + `"`, User: t.text[0]|0x20 != 's', Server: t.text[0]|0x20 != 'u'}
		switch f.kind {
		case text:
		case path:
			i.Name = "<" + f.text + ">"
		default:
			return errorf(f.at, "expected a file name, found %v", f)
		}
		p.file.Imports = append(p.file.Imports, i)
	default:
		return errorf(t.at, "unknown statement %s", t.text)
	}
	if err != nil {
		return err
	}
	return p.want(";")
}

func (p *parser) name() (string, error) {
	t, err := p.ident("a name")
	return t.text, err
}

// nameOrNumber reads what C files get as it is.
func (p *parser) nameOrNumber() (string, error) {
	t := p.take()
	if t.kind != word && t.kind != number {
		return "", errorf(t.at, "expected a name or a number, found %v", t)
	}
	return t.text, nil
}

func (p *parser) subsystem(at Position) error {
	if p.next >= 0 {
		return errorf(at, "a second subsystem statement")
	}
	for {
		t, err := p.ident("the subsystem's name")
		if err != nil {
			return err
		}
		switch strings.ToLower(t.text) {
		case "kerneluser":
			p.file.KernelUser = true
			continue
		case "kernelserver":
			p.file.KernelServer = true
			continue
		}
		p.file.Name = t.text
		break
	}
	var err error
	p.file.Base, err = p.integer()
	p.next = 0
	return err
}

// maxID leaves room for the reply's id, which is 100 more, in the 32 bits of a message's.
const maxID = 1<<31 - 1 - 100

func (p *parser) routine(simple bool) error {
	t, err := p.ident("the routine's name")
	if err != nil {
		return err
	}
	if p.next < 0 {
		return errorf(t.at, "routine %s before the subsystem statement", t.text)
	}
	r := &Routine{Name: t.text, At: t.at, ID: p.file.Base + p.next, Simple: simple, Settings: p.file.Settings}
	if r.ID < 0 || r.ID > maxID {
		return errorf(t.at, "routine %s has the id %d: ids go from 0 to %d", r.Name, r.ID, maxID)
	}
	for _, other := range p.file.Routines {
		if other.Name == r.Name {
			return errorf(t.at, "routine %s is defined at %v already", r.Name, other.At)
		}
	}
	p.next++
	if err := p.want("("); err != nil {
		return err
	}
	for !p.is(")") {
		a, err := p.argument()
		if err != nil {
			return err
		}
		for _, b := range r.Arguments {
			if b.Name == a.Name {
				return errorf(a.At, "routine %s has two arguments %s", r.Name, a.Name)
			}
		}
		r.Arguments = append(r.Arguments, a)
		if !p.accept(";") {
			break
		}
	}
	if err := p.want(")"); err != nil {
		return err
	}
	if err := finish(r); err != nil {
		return err
	}
	p.file.Routines = append(p.file.Routines, r)
	return p.want(";")
}

// finish checks a routine's arguments and makes the first one without a direction the request port.
func finish(r *Routine) error {
	requests := 0
	for _, a := range r.Arguments {
		if a.Direction == RequestPort {
			requests++
		}
		if r.Simple && (a.Direction == Out || a.Direction == InOut) {
			return errorf(a.At, "simpleroutine %s cannot have the out argument %s", r.Name, a.Name)
		}
	}
	for _, a := range r.Arguments {
		if requests != 0 || !a.Plain {
			continue
		}
		if a.Type.Kind == Port {
			a.Direction = RequestPort
			requests = 1
		}
		break
	}
	if requests != 1 {
		return errorf(r.At, "routine %s needs one request port, and has %d", r.Name, requests)
	}
	return nil
}

var directions = map[string]Direction{
	"in": In, "out": Out, "inout": InOut, "requestport": RequestPort, "replyport": ReplyPort, "sreplyport": ServerReplyPort,
	"ureplyport": UserReplyPort, "waittime": WaitTime, "msgoption": MsgOption, "msgseqno": MsgSeqno,
}

func (p *parser) argument() (*Argument, error) {
	t, err := p.ident("an argument")
	if err != nil {
		return nil, err
	}
	a := &Argument{Name: t.text, At: t.at, Plain: true}
	if d, ok := directions[strings.ToLower(t.text)]; ok && p.peek().kind == word {
		a.Direction, a.Plain = d, false
		n := p.take()
		a.Name, a.At = n.text, n.at
	}
	if err := p.want(":"); err != nil {
		return nil, err
	}
	if a.Type, err = p.argumentType(); err != nil {
		return nil, err
	}
	for p.accept(",") {
		f, err := p.ident("a flag")
		if err != nil {
			return nil, err
		}
		switch strings.ToLower(f.text) {
		case "countinout":
			a.CountInOut = true
		case "servercopy":
			a.ServerCopy = true
		case "dealloc":
			if a.Dealloc, err = p.dealloc(); err != nil {
				return nil, err
			}
		case "islong":
			a.long(LongYes)
		case "isnotlong":
			a.long(LongNo)
		case "notdealloc", "const", "retcode":
		default:
			return nil, errorf(f.at, "unknown flag %s", f.text)
		}
	}
	if a.CountInOut && a.Direction == Out && a.Type.Kind != Variable && (a.Type.Kind != Pointer || a.Type.Number != 0) {
		return nil, errorf(a.At, "argument %s: CountInOut is for arrays of varying length", a.Name)
	}
	return a, nil
}

// long gives an argument a type of its own, with the form that its flag says.
func (a *Argument) long(l Long) {
	t := *a.Type
	t.Long = l
	a.Type = &t
}

// argumentType reads a type's name, or "name = specification": a type that only this argument has.
func (p *parser) argumentType() (*Type, error) {
	name, err := p.ident("a type's name")
	if err != nil {
		return nil, err
	}
	if !p.accept("=") {
		t := p.types[name.text]
		if t == nil {
			return nil, errorf(name.at, "unknown type %s", name.text)
		}
		return t, nil
	}
	t, err := p.typeSpec(name.text, name.at)
	if err == nil {
		err = p.typeFlags(t)
	}
	return t, err
}

// dealloc reads the rest of the flag dealloc, which may be dealloc[].
func (p *parser) dealloc() (Dealloc, error) {
	if p.accept("[") {
		return DeallocChoice, p.want("]")
	}
	return DeallocYes, nil
}
