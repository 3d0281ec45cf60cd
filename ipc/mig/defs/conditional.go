package defs

// branch is one open #if: whether its lines count, whether one of its branches did already, and whether it is in #else.
type branch struct {
	active, taken, last bool
	at                  Position
}

// conditionals are the open ones, the innermost last.
type conditionals []branch

// active reports whether lines count here.
func (c conditionals) active() bool {
	for _, b := range c {
		if !b.active {
			return false
		}
	}
	return true
}

// begin is #if, #ifdef and #ifndef. A condition within what does not count is not looked at.
func (p *preprocessor) begin(at Position, name, rest string, open *conditionals) error {
	value := false
	switch {
	case !open.active():
	case name == "if":
		var err error
		if value, err = p.condition(at, rest); err != nil {
			return err
		}
	case wordLength(rest) == 0:
		return errorf(at, "#%s wants a name", name)
	default:
		_, set := p.defines[rest[:wordLength(rest)]]
		value = set == (name == "ifdef")
	}
	*open = append(*open, branch{active: value, taken: value, at: at})
	return nil
}

// goOn is #elif, #else and #endif.
func (p *preprocessor) goOn(at Position, name, rest string, open *conditionals) error {
	if len(*open) == 0 {
		return errorf(at, "#%s without #if", name)
	}
	outer, b := (*open)[:len(*open)-1], &(*open)[len(*open)-1]
	switch {
	case name == "endif":
		*open = outer
	case b.last:
		return errorf(at, "#%s after #else", name)
	case name == "else":
		b.active, b.last = !b.taken, true
	case b.taken:
		b.active = false
	default:
		value := false
		if outer.active() {
			var err error
			if value, err = p.condition(at, rest); err != nil {
				return err
			}
		}
		b.active, b.taken = value, value
	}
	return nil
}
