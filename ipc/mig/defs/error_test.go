package defs

import (
	"strings"
	"testing"
)

// Errors name file, line and column, and say what was expected.
func TestErrors(t *testing.T) {
	const start = "subsystem s 100;\ntype int = MACH_MSG_TYPE_INTEGER_32;\ntype port = MACH_MSG_TYPE_COPY_SEND;\n"
	for source, want := range map[string]string{
		"":                                    "f.defs:1:1: no subsystem statement",
		"subsystem s;":                        `f.defs:1:12: expected a number, found ";"`,
		"subsystem s 100":                     `f.defs:1:16: expected ";", found end of file`,
		"subsystem s 99999999999999999999;":   "f.defs:1:13: bad number 99999999999999999999",
		"routine r(p : port);":                "f.defs:1:9: routine r before the subsystem statement",
		"nonsense;":                           "f.defs:1:1: unknown statement nonsense",
		"42;":                                 "f.defs:1:1: expected a statement, found \"42\"",
		"subsystem s 1; @":                    "f.defs:1:16: unexpected character '@'",
		"type t = (MACH_MSG_TYPE_BYTE, 8;":    `f.defs:1:32: expected ")", found ";"`,
		start + "type t = nothing;":           "f.defs:4:10: unknown type nothing",
		start + "type int = port;":            "f.defs:4:6: type int is defined at f.defs:2:6 already",
		start + "type t = MACH_MSG_TYPE_ODD;": "f.defs:4:10: unknown type MACH_MSG_TYPE_ODD",
		start + "type t = array[5 of int;":    `f.defs:4:18: expected "]", found "of"`,
		start + "type t = array[0] of int;":   "f.defs:4:6: type t: an array of 0 elements",
		start + "type v = array[] of int;\ntype t = array[3] of v;": "f.defs:5:6: type t: an array's elements need a fixed size",
		start + "type t = struct { nothing f; };":                   "f.defs:4:19: unknown type nothing",
		start + "type t = struct { port f; };":                      "f.defs:4:19: a field cannot be of type port: it needs a fixed size and no rights",
		start + "type t = struct { };":                              "f.defs:4:6: struct t has no fields",
		start + "type t = struct[2] of port;":                       "f.defs:4:6: type t: a struct needs a fixed size, and no rights",
		start + "type t = int colour: blue;":                        "f.defs:4:14: unknown flag colour",
		start + "routine r(a : int);":                               "f.defs:4:9: routine r needs one request port, and has 0",
		start + "routine r(p : port; out q : port);\nroutine x(requestport p : port; requestport q : port);": "f.defs:5:9: routine x needs one request port, and has 2",
		start + "routine r(p : port; a : int; a : int);":                                                     "f.defs:4:30: routine r has two arguments a",
		start + "simpleroutine r(p : port; out a : int);":                                                    "f.defs:4:31: simpleroutine r cannot have the out argument a",
		start + "routine r(p : port; a : odd);":                                                              "f.defs:4:25: unknown type odd",
		start + "routine r(p : port; a : int, Loud);":                                                        "f.defs:4:30: unknown flag Loud",
		start + "skip x;":       `f.defs:4:6: expected ";", found "x"`,
		"#if 1\nsubsystem s 1;": "f.defs:1:1: #if without #endif",
		"subsystem s 2147483647; type port = MACH_MSG_TYPE_COPY_SEND; routine r(p : port);": "f.defs:1:70: routine r has the id 2147483647: ids go from 0 to 2147483547",
		start + "type t = array[9999] of int; type u = array[9999] of t;":                   "f.defs:4:35: type u: more than 16777216 elements",
		"#endif":                  "f.defs:1:1: #endif without #if",
		"#else":                   "f.defs:1:1: #else without #if",
		"#if (\n#endif":           "f.defs:1:1: the condition of #if ends too early",
		"#if 1 +\n#endif":         "f.defs:1:1: the condition of #if ends too early",
		"#if 1 ?\n#endif":         "f.defs:1:1: unexpected \"?\" in #if",
		"#if 1 / (2 - 2)\n#endif": "f.defs:1:1: division by zero in #if",
		"#if defined\n#endif":     "f.defs:1:1: no name behind defined",
		"#error too bad":          "f.defs:1:1: #error too bad",
		"#define 5 x":             "f.defs:1:1: #define wants a name",
		"#define f(x x":           "f.defs:1:1: no closing parenthesis behind the parameters of f",
		"#define f(1) x":          "f.defs:1:1: \"1\" is no parameter of f",
		"#define f(x) x\nf(1, 2)": "f.defs:2:1: macro f has 1 parameters, and is given 2 arguments",
		"#define f(x) x\nf((1)":   "f.defs:2:1: no closing parenthesis on this line behind the arguments of f",
		"# 7 \"g.defs\"\n42;":     "g.defs:7:1: expected a statement, found \"42\"",
		"#line 9\n\n42;":          "f.defs:10:1: expected a statement, found \"42\"",
		"subsystem s " + strings.Repeat("(", 300):               "f.defs:1:213: more than 200 types or parentheses in each other",
		start + "type t = " + strings.Repeat("^", 300) + "int;": "f.defs:4:210: more than 200 types or parentheses in each other",
		"#if " + strings.Repeat("!", 300) + "1\n#endif":         "f.defs:1:1: more than 200 parentheses and signs in each other in #if",
		strings.Join([]string{"#define a b b", "#define b c c", "#define c d d", "#define d e e", "#define e f f", "#define f g g", "#define g h h", "#define h i i", "#define i j j", "#define j k k", "#define k l l", "#define l m m", "#define m n n", "#define n o o", "#define o p p", "#define p q q", "#define q r r", "a"}, "\n"): "f.defs:18:1: macros do not come to an end: q",
		start + "type t = array[*:1-2] of int;":                 "f.defs:4:6: type t: an array of -1 elements",
		start + "type t = array[65536*65536] of int;":           "f.defs:4:21: 4294967296 does not fit into 32 bits",
		start + "type t = array[1_0] of int;":                   "f.defs:4:16: bad number 1_0",
		start + "type t = array[2] of c_string[*:8];":           "f.defs:4:6: type t: an array's elements need a fixed size",
		start + "type t = ^ ^ array[] of int;":                  "f.defs:4:6: type t: a pointer to a pointer",
		start + "type t = (MACH_MSG_TYPE_STRING, 4);":           "f.defs:4:6: type t has elements of 4 bits: want a multiple of 8, at most 65528",
		start + "type t = (MACH_MSG_TYPE_INTEGER_32, 0);":       "f.defs:4:6: type t has elements of 0 bits: want a multiple of 8, at most 65528",
		start + "type t = MACH_MSG_TYPE_BIT;":                   "f.defs:4:6: type t has elements of 1 bits: want a multiple of 8, at most 65528",
		start + "type t = c_string[*:99999999];":                "f.defs:4:6: type t: a string of 99999999 bytes: want 1 to 16777216",
		start + "skip 1 - 2;":                                   "f.defs:4:1: skip of -1 routines",
		start + "routine r(p : port);\nroutine r(p : port);":    "f.defs:5:9: routine r is defined at f.defs:4:9 already",
		start + "routine r(p : port; out a : int, CountInOut);": "f.defs:4:25: argument a: CountInOut is for arrays of varying length",
		"subsystem s 1-2; type p = port_t;":                     "f.defs:1:27: unknown type port_t",
		"waittime ;":                                            "f.defs:1:10: expected a name or a number, found \";\"",
		"#ifdef\n#endif":                                        "f.defs:1:1: #ifdef wants a name",
		"#undef":                                                "f.defs:1:1: #undef wants a name",
		"#if(1)\n#wrong\n#endif":                                "f.defs:2:1: unknown directive #wrong",
		"#wrong":                                                "f.defs:1:1: unknown directive #wrong",
		"#include nothing":                                      "f.defs:1:1: #include wants \"file\" or <file>, not nothing",
		"#include \"missing.defs\"":                             "f.defs:1:1: cannot include missing.defs: no search path was given",
		"/* never closed":                                       "f.defs:1:1: comment without end",
		start + "#include \"other\n":                            "f.defs:4:1: #include wants \"file\" or <file>, not \"other",
	} {
		_, err := Parse("f.defs", source, Options{})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", source, got, want)
		}
	}
}
