package gen

import (
	"strings"
	"unicode"
)

// goName makes a Go name of a C one: default_pager_object_create is DefaultPagerObjectCreate.
func goName(c string) string {
	var b strings.Builder
	up := true
	for _, r := range c {
		switch {
		case r == '_':
			up = true
		case up:
			b.WriteRune(unicode.ToUpper(r))
			up = false
		default:
			b.WriteRune(r)
		}
	}
	name := b.String()
	if name == "" || unicode.IsDigit(rune(name[0])) {
		return "X" + name
	}
	return name
}

// reserved are names that generated functions use themselves, and words of Go.
var reserved = map[string]bool{
	"c": true, "w": true, "r": true, "q": true, "s": true, "ret": true, "bits": true, "buf": true, "mach": true, "mig": true, "msg": true, "reply": true, "ok": true,
	"break": true, "case": true, "chan": true, "const": true, "continue": true, "default": true, "defer": true, "else": true, "fallthrough": true,
	"for": true, "func": true, "go": true, "goto": true, "if": true, "import": true, "interface": true, "map": true, "package": true, "range": true,
	"return": true, "select": true, "struct": true, "switch": true, "type": true, "var": true, "string": true, "len": true, "copy": true, "min": true, "max": true,
	"byte": true, "bool": true, "math": true, "binary": true, "nil": true, "true": true, "false": true, "int": true, "uint": true, "int8": true, "int16": true,
	"int32": true, "int64": true, "uint8": true, "uint16": true, "uint32": true, "uint64": true, "float32": true, "float64": true, "msgSeqno": true,
}

// goArgument makes the name of a Go parameter of a C one.
func goArgument(c string) string {
	name := goName(c)
	for i, r := range name {
		if i > 0 && !unicode.IsUpper(r) {
			break
		}
		// An initial of capitals only becomes lower case but for the last one before a small letter.
		name = name[:i] + strings.ToLower(string(r)) + name[i+1:]
	}
	if reserved[name] {
		return name + "_"
	}
	return name
}
