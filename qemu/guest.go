package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// figures are what a bench program measured, by name: a row's, "ROW:WAY" for another way to do it, "ROW/cold" for the first time, "ROW@X" over a
// quantity.
type figures map[string]int

var (
	benchLine  = regexp.MustCompile(`(?m)^bench ([\w:/@-]+) (\d+)$`)
	benchBegin = regexp.MustCompile(`(?m)^bench: begins at (\d+)$`)
	benchLimit = regexp.MustCompile(`(?m)^bench: limit (.*)$`)
	benchEnd   = regexp.MustCompile(`(?m)^bench: (done|FAILED.*|loop|holds)\n`)
)

// counts are the figures that a bench program printed.
func counts(text string) figures {
	c := figures{}
	for _, l := range benchLine.FindAllStringSubmatch(text, -1) {
		c[l[1]], _ = strconv.Atoi(l[2])
	}
	return c
}

// begins is the time-stamp counter when a bench program began; 0: it did not.
func begins(text string) int {
	n := 0
	if l := benchBegin.FindStringSubmatch(text); l != nil {
		n, _ = strconv.Atoi(l[1])
	}
	return n
}

// benchLines are the command lines of the bench program and of those that it works with.
func benchLines(flags string) []string {
	return []string{
		"bench --pager=${default-pager-port} --echo=${port:echo} --supplier=${port:supplier} " + flags + " $(task-create) $(task-resume)",
		"echo --receive=${receive:echo} $(task-create) $(task-resume)",
		"supplier --receive=${receive:supplier} $(task-create) $(task-resume)",
	}
}

// withModules starts the machine with all programs and more modules, and with command lines for some of them, lets f see it, and ends it.
func (m Machine) withModules(ctx context.Context, programs string, lines []string, f func(p *Process) error, more ...Module) error {
	archive, err := os.CreateTemp("", "defpager-*.cpio")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(archive.Name()) }()
	modules, err := Programs(programs)
	if err == nil {
		err = WriteArchive(archive, lines, append(modules, more...))
	}
	if err := errors.Join(err, archive.Close()); err != nil {
		return err
	}
	m.Initrd = archive.Name()
	p, err := Start(ctx, &m, Streams{LogLines: true})
	if err != nil {
		return err
	}
	defer p.Kill()
	return f(p)
}

// ours boots the image with the bench program and returns what the guest printed until that ended. words are for the kernel's command line, beside the one
// that ends the guest with its programs.
func (m Machine) ours(ctx context.Context, programs, flags, words string) (text string, err error) {
	m.Append = strings.TrimSpace("demo " + words)
	err = m.withModules(ctx, programs, benchLines(flags), func(p *Process) error {
		text, err = p.untilBenchEnds()
		return err
	})
	return text, err
}

// stuck is how long a guest that measures may print nothing: a sweep's largest sizes take long on a busy host.
const stuck = 5 * time.Minute

// untilBenchEnds waits until a bench program says that it ends, and returns all that was printed.
func (p *Process) untilBenchEnds() (string, error) {
	if err := p.Wait(benchEnd.MatchString, stuck); err != nil {
		return "", err
	}
	text := p.Text()
	if strings.Contains(text, "bench: FAILED") {
		return "", fmt.Errorf("the guest did not finish%s", lastWords(text))
	}
	return text, nil
}

// phase is a part of the start, and what the time-stamp counter was when it was over.
type phase struct {
	name string
	end  int
}

var phasesLine = regexp.MustCompile(`(?m)^phases over at ticks:(.*)$`)

// phases reads the line that the kernel prints for the word "phases".
func phases(text string) ([]phase, error) {
	line := phasesLine.FindStringSubmatch(text)
	if line == nil {
		return nil, errors.New("the kernel did not print its phases")
	}
	words := strings.Fields(line[1])
	var list []phase
	for i := 0; i+1 < len(words); i += 2 {
		n, err := strconv.Atoi(words[i+1])
		if err != nil || len(list) != 0 && n < list[len(list)-1].end {
			return nil, fmt.Errorf("phases %q: no order of numbers", line[1])
		}
		list = append(list, phase{words[i], n})
	}
	if len(list) == 0 {
		return nil, errors.New("the kernel printed no phases")
	}
	return list, nil
}

// boot does the main job with a file and waits for the prompt. seen gets what was printed so far, each time that there is more; nil: nobody does.
func (m Machine) boot(ctx context.Context, programs, file string, seen func(text string)) (text string, err error) {
	m.Append = "phases"
	err = m.withModules(ctx, programs, JobLines(), func(p *Process) error {
		err := p.Wait(func(text string) bool {
			if seen != nil {
				seen(text)
			}
			return prompts(text) > 0
		}, time.Minute)
		text = p.Text()
		return err
	}, Module{"file", file})
	return text, err
}

var (
	heapLine = regexp.MustCompile(`(?m)^(\d+) bytes in use on Go's heap`)
	freeLine = regexp.MustCompile(`(?m)^free +(\d+) `)
)

// held is how much memory the kernel has in use while so many objects of one page exist that nobody touched: bytes of its heap and of frames.
func (m Machine) held(ctx context.Context, programs string, live int) (heap, frames int, err error) {
	err = m.withModules(ctx, programs, benchLines(fmt.Sprintf("--live=%d --hold", live)), func(p *Process) error {
		if _, err := p.untilBenchEnds(); err != nil {
			return err
		}
		if err := p.Type("\r"); err != nil { // any key brings the prompt while programs run; this one is a command, too
			return err
		}
		for n, command := range []string{"heap", "frames", ""} {
			if err := p.WaitPrompt(n+2, time.Minute); err != nil {
				return err
			}
			if err := p.Type(command + "\r"); err != nil {
				return err
			}
		}
		text := p.Text()
		h, f := heapLine.FindStringSubmatch(text), freeLine.FindStringSubmatch(text)
		if h == nil || f == nil {
			return fmt.Errorf("the monitor does not tell the memory in use\n%s", tail(text, 10))
		}
		heap, _ = strconv.Atoi(h[1])
		free, _ := strconv.Atoi(f[1])
		frames = -free * pageSize
		return nil
	})
	return heap, frames, err
}

// objectMemory is what each object more takes.
func (m Machine) objectMemory(ctx context.Context, programs string) (int, error) {
	const few, many = 500, 4500
	heapFew, framesFew, err := m.held(ctx, programs, few)
	if err != nil {
		return 0, err
	}
	heapMany, framesMany, err := m.held(ctx, programs, many)
	return (heapMany - heapFew + framesMany - framesFew) / (many - few), err
}
