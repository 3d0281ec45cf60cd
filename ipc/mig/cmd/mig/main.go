// Command mig compiles .defs files: Mach's interface language, as GNU MIG knows it, for the messages of 64-bit tasks.
//
//	go tool mig [flags] file.defs
//
// It writes Go: a client function for each routine, a server interface and its demultiplexer, both plain and with sequence numbers
// (seqnos_). With -header, -user, -server or -sheader it writes C instead. -layout shows where each argument lies in its message.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"defpager/ipc/mig/defs"
	"defpager/ipc/mig/gen"
	"defpager/ipc/mig/layout"
)

func main() {
	err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case errors.As(err, new(usageError)):
		fmt.Fprintln(os.Stderr, "mig:", err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// usageError is a mistake on the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

type options struct {
	out, pkg, doc                 string
	header, user, server, sheader string
	layout                        bool
	defines                       map[string]string
	include                       []string
}

func run(args []string, in io.Reader, out, errs io.Writer) error {
	o := options{defines: map[string]string{"__x86_64__": "1", "__LP64__": "1"}}
	f := flag.NewFlagSet("mig", flag.ContinueOnError)
	f.SetOutput(errs)
	f.Usage = func() {
		fmt.Fprintf(errs, "usage: mig [flags] FILE.defs\nCompiles a Mach interface to Go, or to C with -header, -user, -server or -sheader; - is standard input or output.\n\n")
		f.PrintDefaults()
	}
	f.StringVar(&o.out, "o", "", "the Go `file` (default: the subsystem's name with .go)")
	f.StringVar(&o.pkg, "package", "", "the Go package's `name` (default: the subsystem's without underscores)")
	f.StringVar(&o.doc, "doc", "", "the Go package's comment, as one `line` of text")
	f.StringVar(&o.header, "header", "", "write the C `file` with the client functions' declarations")
	f.StringVar(&o.user, "user", "", "write the C `file` with the client functions")
	f.StringVar(&o.server, "server", "", "write the C `file` with the server's demultiplexer")
	f.StringVar(&o.sheader, "sheader", "", "write the C `file` with the declarations of the server's functions")
	f.BoolVar(&o.layout, "layout", false, "print id, size and offset of every argument instead")
	f.Func("D", "define a macro, as `NAME[=VALUE]`", func(s string) error {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			value = "1"
		}
		o.defines[name] = value
		return nil
	})
	f.Func("U", "remove the macro `NAME`", func(s string) error { delete(o.defines, s); return nil })
	f.Func("I", "look for #include files in `dir` too", func(s string) error { o.include = append(o.include, s); return nil })
	if err := f.Parse(joined(args)); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError(err.Error())
	}
	if f.NArg() != 1 {
		return usageError(fmt.Sprintf("one .defs file is wanted, not %d (mig -h tells the flags)", f.NArg()))
	}
	return compile(f.Arg(0), o, in, out)
}

// joined splits -DNAME, -UNAME and -Idir, as compilers write them, into two arguments.
func joined(args []string) (out []string) {
	for _, a := range args {
		if len(a) > 2 && a[0] == '-' && strings.IndexByte("DUI", a[1]) >= 0 {
			out = append(out, a[:2], a[2:])
		} else {
			out = append(out, a)
		}
	}
	return out
}

func compile(name string, o options, in io.Reader, out io.Writer) error {
	var source []byte
	var err error
	if name == "-" {
		name = "standard input"
		source, err = io.ReadAll(in)
	} else {
		source, err = os.ReadFile(name)
	}
	if err != nil {
		return err
	}
	file, err := defs.Parse(name, string(source), defs.Options{Defines: o.defines, Open: opener(filepath.Dir(name), o.include)})
	if err != nil {
		return err
	}
	if o.layout {
		return layout.Print(out, file)
	}
	c := gen.NewC(file, gen.COptions{Source: filepath.Base(name), Header: o.header, Serves: o.sheader})
	done := false
	for _, w := range []struct {
		to    string
		write func() string
	}{{o.header, c.UserHeader}, {o.user, c.User}, {o.sheader, c.ServerHeader}, {o.server, c.Server}} {
		if w.to == "" {
			continue
		}
		done = true
		if err := write(w.to, []byte(w.write()), out); err != nil {
			return err
		}
	}
	if done && o.out == "" {
		return nil
	}
	if o.out == "" {
		o.out = file.Name + ".go"
	}
	doc := ""
	if o.doc != "" {
		doc = "// " + o.doc + "\n"
	}
	text, err := gen.Go(file, gen.GoOptions{Package: o.pkg, Doc: doc, Source: filepath.Base(name)})
	if err != nil {
		return err
	}
	return write(o.out, text, out)
}

func write(name string, text []byte, out io.Writer) error {
	if name == "-" {
		_, err := out.Write(text)
		return err
	}
	return os.WriteFile(name, text, 0o644)
}

// opener finds included files in the source's folder and in those of -I.
func opener(first string, more []string) func(string) (string, error) {
	return func(name string) (string, error) {
		for _, dir := range append([]string{first}, more...) {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err == nil {
				return string(b), nil
			}
			if !errors.Is(err, os.ErrNotExist) {
				return "", err
			}
		}
		return "", fmt.Errorf("no such file here or in the folders of -I")
	}
}
