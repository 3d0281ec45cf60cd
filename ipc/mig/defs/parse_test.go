package defs

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// describe writes what the parser made of a file, one line each for the subsystem, the types and the routines.
func describe(f *File, types map[string]bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "subsystem %s %d", f.Name, f.Base)
	for _, s := range []struct {
		name string
		set  bool
	}{{"kerneluser", f.KernelUser}, {"kernelserver", f.KernelServer}} {
		if s.set {
			b.WriteString(" " + s.name)
		}
	}
	for _, s := range [][2]string{
		{"userprefix", f.UserPrefix}, {"serverprefix", f.ServerPrefix}, {"serverdemux", f.ServerDemux}, {"waittime", f.WaitTime}, {"msgoption", f.MsgOption},
	} {
		if s[1] != "" {
			fmt.Fprintf(&b, " %s=%s", s[0], s[1])
		}
	}
	b.WriteString("\n")
	for _, i := range f.Imports {
		fmt.Fprintf(&b, "import %s%s%s\n", i.Name, map[bool]string{true: " user"}[i.User], map[bool]string{true: " server"}[i.Server])
	}
	for _, t := range f.Types {
		if types[t.Name] {
			fmt.Fprintf(&b, "type %s\n", describeType(t))
		}
	}
	for _, r := range f.Routines {
		kind := "routine"
		if r.Simple {
			kind = "simpleroutine"
		}
		fmt.Fprintf(&b, "%s %s %d\n", kind, r.Name, r.ID)
		for _, a := range r.Arguments {
			direction := [...]string{"in", "out", "inout", "requestport", "replyport", "sreplyport", "ureplyport", "waittime", "msgoption", "msgseqno"}[a.Direction]
			fmt.Fprintf(&b, "  %s %s", direction, a.Name)
			if a.Type != nil {
				fmt.Fprintf(&b, ": %s", describeType(a.Type))
			}
			if a.CountInOut {
				b.WriteString(", CountInOut")
			}
			if a.ServerCopy {
				b.WriteString(", ServerCopy")
			}
			b.WriteString([...]string{"", ", Dealloc", ", Dealloc[]"}[a.Dealloc])
			b.WriteString("\n")
		}
	}
	return b.String()
}

func describeType(t *Type) string {
	var b strings.Builder
	kind := [...]string{"basic", "port", "variable", "pointer", "struct", "string"}[t.Kind]
	fmt.Fprintf(&b, "%s %s %s", t.Name, kind, t.In)
	if t.Out != t.In {
		fmt.Fprintf(&b, "/%s", t.Out)
	}
	fmt.Fprintf(&b, " %d bits", t.Size)
	if t.Number != 1 {
		fmt.Fprintf(&b, " x%d", t.Number)
	}
	if t.Max != 0 {
		fmt.Fprintf(&b, " max %d", t.Max)
	}
	if t.Indefinite {
		b.WriteString(" indefinite")
	}
	b.WriteString([...]string{"", " dealloc", " dealloc[]"}[t.Dealloc])
	b.WriteString([...]string{"", " long", " short"}[t.Long])
	for _, f := range t.Fields {
		fmt.Fprintf(&b, " %s:%s", f.Name, f.Type.Name)
	}
	for _, s := range [][2]string{{"ctype", t.CType}, {"cusertype", t.UserType}, {"cservertype", t.ServerType}, {"destructor", t.Destructor}} {
		if s[1] != "" {
			fmt.Fprintf(&b, " %s=%s", s[0], s[1])
		}
	}
	for _, s := range []struct {
		name string
		t    Translation
	}{{"intran", t.InTran}, {"intranpayload", t.InTranPayload}, {"outtran", t.OutTran}} {
		if s.t.Function != "" {
			fmt.Fprintf(&b, " %s=%s %s(%s)", s.name, s.t.Type, s.t.Function, s.t.From)
		}
	}
	return b.String()
}

// Everything that the language has, in one file: testdata/features.defs, and what the parser makes of it.
func TestFeatures(t *testing.T) {
	source, err := os.ReadFile("testdata/features.defs")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse("features.defs", string(source), Options{
		Defines: map[string]string{"KERNEL_SERVER": "1", "VALUE": "3"},
		Open: func(name string) (string, error) {
			b, err := os.ReadFile("testdata/" + name)
			return string(b), err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/features.txt")
	if err != nil {
		t.Fatal(err)
	}
	// The types of the file itself; others are MIG's own.
	own := map[string]bool{}
	for _, t := range f.Types {
		own[t.Name] = t.At.Line > 0
	}
	got := describe(f, own)
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s\nall of it:\n%s", diff, got)
	}
}

// Whatever the text, the parser returns: a file, or an error that says where.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"testdata/features.defs", "testdata/included.defs"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	for _, s := range []string{
		"subsystem s 1; type t = array[*:99999999] of struct[9] of int; routine r(p:mach_port_t; a:t);",
		"#define a b\n#define b a\nsubsystem a 1;", "#if 1/0\n#endif", "subsystem s 2147483647; skip 2147483647; skip;", "type t = (MACH_MSG_TYPE_BYTE, 8*99999999999);",
		"subsystem s 1; type int = MACH_MSG_TYPE_INTEGER_32; type a = array[65535] of int; type b = array[65535] of a; type c = array[65535] of b;",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		file, err := Parse("f.defs", source, Options{})
		if err != nil {
			if e, ok := err.(*Error); !ok || e.Position.Line < 1 || e.Position.Column < 1 {
				t.Fatalf("%v says not where", err)
			}
			return
		}
		for _, ty := range file.Types {
			if ty.Size < 0 || ty.Number < 0 || ty.Max < 0 || ty.Bytes() < 0 {
				t.Fatalf("type %s: %+v", ty.Name, ty)
			}
		}
	})
}
