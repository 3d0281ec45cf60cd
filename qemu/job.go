package qemu

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Prompt is what the guest's monitor prints when it waits for a command.
const Prompt = "defpager> "

// tasks are the programs of the main job that compute the file's hash.
var tasks = []string{"creator", "sharer", "reader"}

// JobLines are the command lines of the main job: who gets which right, and the file.
func JobLines() []string {
	return []string{
		"creator --pager=${default-pager-port} --file=${module-port:file} --size=${module-size:file}" +
			" --sharer=${port:to-sharer} --reader=${port:to-reader} --host=${host-port} $(task-create) $(task-resume)",
		"sharer --name=sharer --receive=${receive:to-sharer} $(task-create) $(task-resume)",
		"reader --name=reader --receive=${receive:to-reader} $(task-create) $(task-resume)",
		"file",
	}
}

// ListLines are the command lines of the main job, and a line for each program that it does not start.
func ListLines(programs []Module) []string {
	lines := JobLines()
	for _, p := range programs {
		if !slices.Contains(tasks, p.Name) {
			lines = append(lines, p.Name)
		}
	}
	return lines
}

// Programs are the modules of all ring-3 programs in a directory.
func Programs(dir string) ([]Module, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%w; make user builds the programs", err)
	}
	var list []Module
	for _, e := range entries {
		if e.Type().IsRegular() {
			list = append(list, Module{Name: e.Name(), Path: filepath.Join(dir, e.Name())})
		}
	}
	return list, nil
}

// Job is the main job with one file, or programs of the user's own.
type Job struct {
	Machine  Machine
	File     string
	Modules  string // "PATH ARGS,PATH ARGS": what to boot instead of the main job; empty: that. File, if any, is a module beside them
	Programs string // directory of the ring-3 programs
	Output   io.Writer
	Notes    io.Writer     // what the host has to say
	Quiet    time.Duration // how long the guest may print nothing before it counts as stuck
}

// HashFile computes the SHA-256 of a regular file, in hexadecimal.
func HashFile(path string) (hash string, size int64, err error) {
	f, size, err := openRegular(path)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err == nil && n != size {
		err = sizeError(path, n, size)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), size, err
}

// onlyNamed are the modules that command lines begin with, and hello, for run at the prompt.
func onlyNamed(lines []string, modules []Module) []Module {
	return slices.DeleteFunc(slices.Clone(modules), func(m Module) bool {
		return m.Name != "hello" && !slices.ContainsFunc(lines, func(l string) bool { return strings.Fields(l)[0] == m.Name })
	})
}

// names are the modules' names, for a message.
func names(modules []Module) string {
	var list []string
	for _, m := range modules {
		list = append(list, m.Name)
	}
	return strings.Join(list, ", ")
}

// prepare checks what the user gave and writes the archive of modules; remove is called at the end.
func (j *Job) prepare() (hash string, remove func(), err error) {
	if err := j.Machine.Check(); err != nil {
		return "", nil, err
	}
	lines := JobLines()
	modules, err := Programs(j.Programs)
	if err == nil && j.Modules != "" {
		lines, modules, err = own(j.Modules, modules)
	}
	if err != nil {
		return "", nil, err
	}
	memory, _ := j.Machine.MemoryBytes() // Check saw it
	if memory < amplyMemory {
		modules = onlyNamed(lines, modules)
		fmt.Fprintf(j.Notes, "MEM=%s has no room for all the programs: the guest gets %s\n", j.Machine.Memory, names(modules))
	}
	if j.File != "" {
		size := int64(0)
		if hash, size, err = HashFile(j.File); err != nil {
			return "", nil, fmt.Errorf("FILE=%s: %w", j.File, reason(err))
		}
		// The file is in memory twice, as module and as object, beside kernel, programs and page tables.
		others := int64(96 << 20)
		if memory < amplyMemory {
			others = 60 << 20
		}
		if uint64(2*size+others) > memory {
			fmt.Fprintf(j.Notes, "warning: %s has %d MiB, which may not fit twice into MEM=%s; try MEM=%dM\n", j.File, size>>20, j.Machine.Memory, (2*size+others)>>20+1)
		}
		modules = append(modules, Module{"file", j.File})
	}
	archive, err := os.CreateTemp("", "defpager-*.cpio")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.Remove(archive.Name()) }
	err = WriteArchive(archive, lines, modules)
	if e := archive.Close(); err == nil {
		err = e
	}
	if err != nil {
		remove()
		return "", nil, err
	}
	j.Machine.Initrd = archive.Name()
	return hash, remove, nil
}

var hashLine = regexp.MustCompile(`(?m)^sha256 (\w+) ([0-9a-f]{64})$`)

// guestHashes are the lines "sha256 TASK HEX" of a transcript.
func guestHashes(text string) (lines []string, by map[string]string) {
	by = map[string]string{}
	for _, m := range hashLine.FindAllStringSubmatch(text, -1) {
		lines = append(lines, m[0])
		by[m[1]] = m[2]
	}
	return lines, by
}

// compare checks the guest's hashes against the host's.
func compare(text, hash string) error {
	_, by := guestHashes(text)
	var wrong []string
	for _, t := range tasks {
		switch got, ok := by[t]; {
		case !ok:
			wrong = append(wrong, t+" printed no hash")
		case got != hash:
			wrong = append(wrong, fmt.Sprintf("%s computed %s", t, got))
		}
	}
	if wrong != nil {
		return fmt.Errorf("the host computed %s, but %s", hash, strings.Join(wrong, ", "))
	}
	if !strings.Contains(text, "creator: done\n") {
		return errors.New("the hashes agree, but creator did not finish its checks")
	}
	return nil
}

// Demo does the main job without the prompt: it prints one line per task to out, and its error tells what went wrong. Of the user's own
// programs it prints nothing itself; the error says whether one has failed.
func (j *Job) Demo(ctx context.Context, out io.Writer) error {
	hash, remove, err := j.prepare()
	if err != nil {
		return err
	}
	defer remove()
	if _, err := j.Machine.Choose(ctx); err != nil {
		return err
	}
	j.Machine.Append = strings.TrimSpace("demo " + j.Machine.Append)
	p, err := Start(ctx, &j.Machine, Streams{Output: j.Output, LogLines: true})
	if err != nil {
		return err
	}
	defer p.Kill()
	ended := func() bool {
		select {
		case <-p.Done():
			return true
		default:
			return false
		}
	}
	err = p.Wait(func(string) bool { return ended() }, j.Quiet)
	text := p.Text()
	if j.Modules == "" {
		lines, _ := guestHashes(text)
		for _, l := range lines {
			fmt.Fprintln(out, l)
		}
	}
	switch {
	case !ended():
		return err
	case p.Status() != ExitSuccess:
		return p.ended()
	}
	if j.Modules != "" {
		return complaintOf(text)
	}
	return compare(text, hash)
}

var exitLine = regexp.MustCompile(`(?m)^\S+: exit status [1-9]\d*$`)

// complaintOf is an error if a program has printed that it failed: its task tells nobody (user/README.md).
func complaintOf(text string) error {
	if line := exitLine.FindString(text); line != "" {
		return errors.New(line)
	}
	return nil
}

// Run does the main job, shows what the guest prints, and leaves the user at the guest's prompt. Without a terminal, input is
// typed at prompts line by line, and its end powers the guest off.
func (j *Job) Run(ctx context.Context, terminal bool) error {
	hash, remove, err := j.prepare()
	if err != nil {
		return err
	}
	defer remove()
	accelerator, err := j.Machine.Choose(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(j.Notes, "%s on %s with %s of memory, accelerator %s\n", cmp.Or(j.Modules, j.File), j.Machine.Type, j.Machine.Memory, accelerator)
	fmt.Fprintln(j.Notes, "Ctrl-C interrupts a command of the guest, Ctrl-A x leaves QEMU.")
	s := Streams{Output: j.Output, LogLines: true}
	if terminal {
		s.Input = os.Stdin
	}
	j.Machine.Reboot = true
	p, err := Start(ctx, &j.Machine, s)
	if err != nil {
		return err
	}
	defer p.Kill()
	prompted := func(text string) bool { return strings.Contains(text, Prompt) }
	if err := p.Wait(prompted, j.Quiet); err != nil {
		return err
	}
	// A key brings the prompt before the job is done; the verdict comes when it is.
	verdict := make(chan error, 1)
	go func() { verdict <- j.judge(p, hash) }()
	if !terminal {
		err = <-verdict
		verdict <- err
		if err := p.TypeLines(os.Stdin, j.Quiet); err != nil {
			return errors.Join(<-verdict, err)
		}
	}
	<-p.Done()
	err = <-verdict
	if !slices.Contains([]int{0, ExitSuccess}, p.Status()) {
		return errors.Join(err, fmt.Errorf("the guest failed (QEMU's exit status %d)", p.Status()))
	}
	return err
}

// judge waits for the end of the main job and tells the user whether the hashes agree.
func (j *Job) judge(p *Process, hash string) error {
	if j.Modules != "" {
		return nil
	}
	const forEver = 24 * time.Hour
	err := p.Wait(func(text string) bool {
		return strings.Contains(text, "creator: done\n") || strings.Contains(text, "creator: FAILED")
	}, forEver)
	if err != nil {
		return fmt.Errorf("the main job did not end: %w", err)
	}
	if err = compare(p.Text(), hash); err != nil {
		fmt.Fprintf(j.Notes, "\r\nsha256 host %s: %v\r\n%s", hash, err, Prompt)
	} else {
		fmt.Fprintf(j.Notes, "\r\nsha256 host %s: agrees with all three tasks\r\n%s", hash, Prompt)
	}
	return err
}

// lastWords ends an error with what the guest printed last.
func lastWords(text string) string {
	if text == "" {
		return "; it had not said anything"
	}
	const lines = 12
	return "; its last words:\n" + tail(text, lines)
}

// tail is the last n lines of text.
func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return "  " + strings.Join(lines[max(0, len(lines)-n):], "\n  ")
}
