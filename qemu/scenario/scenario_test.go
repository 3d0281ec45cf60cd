// Package scenario boots the image in QEMU and asserts, line by line, what it prints. Each file in testdata is one scenario: a script
// (github.com/rogpeppe/go-internal/testscript) with the command boot.
package scenario

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"defpager/qemu"

	"github.com/rogpeppe/go-internal/testscript"
)

// quiet is how long a guest may print nothing. The longest silence is a hash of 100 MiB on a slow machine.
const quiet = time.Minute

func TestScenarios(t *testing.T) {
	build, err := filepath.Abs("../../build")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(build, "defpager.elf")); err != nil {
		t.Fatalf("%v; make image user builds what is booted", err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("BUILD", build)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"boot":       boot,
			"transcript": transcript,
			"hash":       hash,
			"fill":       fill,
			"patch":      patch,
			"search":     search,
		},
	})
}

// list is a flag that may come several times.
type list []string

func (l *list) String() string { return strings.Join(*l, "; ") }

// Set adds a value.
func (l *list) Set(v string) error {
	*l = append(*l, v)
	return nil
}

// typist is the user of a guest: what to do, in order.
type typist struct {
	p     *qemu.Process
	lines int
	todo  []func() error
}

// action makes a flag that adds do with the flag's value.
func (t *typist) action(do func(string) error) flag.Value { return action{t, do} }

type action struct {
	t  *typist
	do func(string) error
}

func (action) String() string { return "" }

// Set adds the action.
func (a action) Set(v string) error {
	a.t.todo = append(a.t.todo, func() error { return a.do(v) })
	return nil
}

// line types a line when the guest has answered all that were typed before.
func (t *typist) line(text string) error {
	t.lines++
	if err := t.p.WaitPrompt(t.lines, quiet); err != nil {
		return err
	}
	return t.p.Type(text + "\r")
}

// keys types at once; they are written as in a Go string. A line among them, ended by \r, counts as one.
func (t *typist) keys(text string) error {
	s, err := strconv.Unquote(`"` + text + `"`)
	if err != nil {
		return fmt.Errorf("keys %s: %w", text, err)
	}
	if strings.TrimRight(s, "\r") != s && len(s) > 1 {
		t.lines++
		if err := t.p.WaitPrompt(t.lines, quiet); err != nil {
			return err
		}
	}
	return t.p.Type(s)
}

// until waits for output.
func (t *typist) until(pattern string) error {
	re, err := regexp.Compile("(?s)" + pattern)
	if err != nil {
		return err
	}
	return t.p.Wait(re.MatchString, quiet)
}

// boot [-machine TYPE] [-cpu MODEL] [-mem SIZE] [-smp N] [-image NAME] [-append WORDS] [-programs NAME,NAME] [-job FILE] [-module LINE]...
// [-file NAME=PATH]... [-disk FILE]... [-ram FILE] [-initrd PATH] [-type LINE | -keys KEYS | -until PATTERN]...
//
// It boots the image with command lines of modules (all programs are among the files, or those that are named) or an initrd, types lines at prompts
// and keys at once, waits for
// output that matches patterns, all in their order, and waits for the end. Its
// standard output is what the guest printed. It fails unless QEMU's exit status is that of success; ! boot wants failure.
func boot(ts *testscript.TestScript, negated bool, args []string) {
	m := qemu.Machine{Accel: "tcg"}
	f := flag.NewFlagSet("boot", flag.ContinueOnError)
	var lines, files, disks list
	typist := typist{}
	f.StringVar(&m.Type, "machine", "q35", "")
	f.StringVar(&m.CPU, "cpu", "", "")
	f.StringVar(&m.Memory, "mem", "256M", "")
	f.StringVar(&m.SMP, "smp", "", "")
	f.StringVar(&m.Append, "append", "", "")
	f.BoolVar(&m.Count, "count", false, "")
	f.StringVar(&m.RAM, "ram", "", "")
	image := f.String("image", "defpager.elf", "")
	job := f.String("job", "", "")
	initrd := f.String("initrd", "", "")
	only := f.String("programs", "", "")
	f.Var(&lines, "module", "")
	f.Var(&files, "file", "")
	f.Var(&disks, "disk", "")
	f.Var(typist.action(typist.line), "type", "")
	f.Var(typist.action(typist.keys), "keys", "")
	f.Var(typist.action(typist.until), "until", "")
	ts.Check(f.Parse(args))
	m.Image = filepath.Join(ts.Getenv("BUILD"), *image)
	if m.RAM != "" {
		m.RAM = ts.MkAbs(m.RAM)
	}
	for _, d := range disks {
		if !strings.Contains(d, "=") {
			d = ts.MkAbs(d)
		}
		m.Disks = append(m.Disks, d)
	}

	modules, err := qemu.Programs(filepath.Join(ts.Getenv("BUILD"), "user"))
	ts.Check(err)
	if *only != "" {
		modules = slices.DeleteFunc(modules, func(m qemu.Module) bool { return !slices.Contains(strings.Split(*only, ","), m.Name) })
	}
	if *job != "" {
		lines = append(lines, qemu.JobLines()...)
		modules = append(modules, qemu.Module{Name: "file", Path: ts.MkAbs(*job)})
	}
	for _, v := range files {
		name, path, _ := strings.Cut(v, "=")
		modules = append(modules, qemu.Module{Name: name, Path: ts.MkAbs(path)})
	}
	m.Initrd = *initrd
	if m.Initrd == "" {
		m.Initrd = ts.MkAbs("modules.cpio")
		archive, err := os.Create(m.Initrd)
		ts.Check(err)
		ts.Check(qemu.WriteArchive(archive, lines, modules))
		ts.Check(archive.Close())
	}

	p, err := qemu.Start(context.Background(), &m, qemu.Streams{LogLines: true})
	ts.Check(err)
	defer p.Kill()
	typist.p = p
	for _, do := range typist.todo {
		if err = do(); err != nil {
			break
		}
	}
	if err == nil {
		err = p.Wait(func(string) bool {
			select {
			case <-p.Done():
				return true
			default:
				return false
			}
		}, quiet)
	}
	fmt.Fprint(ts.Stdout(), p.Text())
	if err != nil {
		ts.Fatalf("%v", err)
	}
	if failed := p.Status() != qemu.ExitSuccess; failed != negated {
		ts.Fatalf("QEMU's exit status is %d", p.Status())
	}
}

// transcript FILE compares the last boot's output with a file, line by line. A line that begins with "~ " is a regular expression, "..."
// stands for any lines, $HASH for what the command hash computed; the firmware's own lines at the start do not count.
func transcript(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		ts.Fatalf("usage: transcript FILE")
	}
	got := strings.Split(strings.TrimRight(ts.ReadFile("stdout"), "\n"), "\n")
	want := strings.Split(strings.TrimRight(ts.ReadFile(args[0]), "\n"), "\n")
	for len(got) != 0 && !strings.HasPrefix(got[0], "defpager on ") {
		got = got[1:]
	}
	skip := false
	for i, w := range want {
		w = strings.ReplaceAll(w, "$HASH", ts.Getenv("HASH"))
		if w == "..." {
			skip = true
			continue
		}
		for skip && len(got) != 0 && !matches(w, got[0]) {
			got = got[1:]
		}
		skip = false
		switch {
		case len(got) == 0:
			ts.Fatalf("%s:%d: want %q, but the output has ended", args[0], i+1, w)
		case !matches(w, got[0]):
			ts.Fatalf("%s:%d: want %q, got %q", args[0], i+1, w, got[0])
		}
		got = got[1:]
	}
	if len(got) != 0 && !skip {
		ts.Fatalf("%s: the output goes on: %q", args[0], got[0])
	}
}

func matches(want, got string) bool {
	pattern, ok := strings.CutPrefix(want, "~ ")
	if !ok {
		return want == got
	}
	return regexp.MustCompile("^(?:" + pattern + ")$").MatchString(got)
}

// search FILE PATTERN fails if no part of the file matches the regular expression; ! search fails if any does.
func search(ts *testscript.TestScript, negated bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	found := regexp.MustCompile(args[1]).FindAllIndex(data, -1)
	ts.Logf("%d places of %s match", len(found), args[0])
	if len(found) != 0 {
		ts.Logf("the first, at %#x: %q", found[0][0], data[found[0][0]:found[0][1]])
	}
	if negated == (len(found) != 0) {
		ts.Fatalf("%d places of %s match %s", len(found), args[0], args[1])
	}
}

// hash FILE sets HASH to the SHA-256 of a file.
func hash(ts *testscript.TestScript, negated bool, args []string) {
	h, _, err := qemu.HashFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Setenv("HASH", h)
}

// fill FILE BYTES makes a file of so many bytes, no two pages alike.
func fill(ts *testscript.TestScript, negated bool, args []string) {
	var n int
	if _, err := fmt.Sscan(args[1], &n); err != nil {
		ts.Fatalf("%v", err)
	}
	b := make([]byte, n)
	x := uint64(88172645463325252) // Marsaglia's xorshift
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// patch PROGRAM FILE [truncate=SIZE] [OFFSET=BYTES]... makes a damaged copy of a program: little-endian bytes in hexadecimal at offsets.
func patch(ts *testscript.TestScript, negated bool, args []string) {
	b, err := os.ReadFile(filepath.Join(ts.Getenv("BUILD"), "user", args[0]))
	ts.Check(err)
	for _, a := range args[2:] {
		where, what, _ := strings.Cut(a, "=")
		if where == "truncate" {
			n, err := strconv.Atoi(what)
			ts.Check(err)
			b = b[:n]
			continue
		}
		at, err := strconv.ParseUint(where, 0, 32)
		ts.Check(err)
		bytes, err := hex.DecodeString(what)
		ts.Check(err)
		copy(b[at:], bytes)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o644))
}
