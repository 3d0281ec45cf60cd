package qemu

import (
	"bufio"
	"cmp"
	"context"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Profile counts the instructions that an operation of the guest's bench program executes, by kernel function. QEMU writes down every
// instruction for a moment while the program does the operation for ever; what counts is not time but what was executed.
func Profile(ctx context.Context, m Machine, programs, row string, out io.Writer) error {
	if err := m.Check(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "defpager-profile-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	m.Accel, m.Count, m.SMP = "tcg", true, ""
	m.Initrd, m.Log = filepath.Join(dir, "modules"), filepath.Join(dir, "log")
	archive, err := os.Create(m.Initrd)
	if err != nil {
		return err
	}
	modules, err := Programs(programs)
	if err != nil {
		return err
	}
	err = WriteArchive(archive, benchLines("--loop --only="+row), modules)
	if e := archive.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	p, err := Start(ctx, &m, Streams{LogLines: true})
	if err != nil {
		return err
	}
	defer p.Kill()
	if err := p.Wait(benchEnd.MatchString, 2*time.Minute); err != nil {
		return err
	}
	if text := p.Text(); !strings.Contains(text, "bench: loop") {
		return fmt.Errorf("ROW=%s: %s", row, tail(text, 1))
	}
	if _, err := p.monitor("log exec,nochain"); err != nil {
		return err
	}
	time.Sleep(time.Second)
	if _, err := p.monitor("log none"); err != nil {
		return err
	}
	p.Kill()
	symbols, err := readSymbols(m.Image)
	if err != nil {
		return err
	}
	log, err := os.Open(m.Log)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	return report(log, symbols, row, out)
}

// symbol is a function of the image.
type symbol struct {
	at   uint64
	name string
}

func readSymbols(image string) ([]symbol, error) {
	f, err := elf.Open(image)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	all, err := f.Symbols()
	if err != nil {
		return nil, err
	}
	var list []symbol
	for _, s := range all {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Value != 0 {
			list = append(list, symbol{s.Value, s.Name})
		}
	}
	slices.SortFunc(list, func(a, b symbol) int { return cmp.Compare(a.at, b.at) })
	return list, nil
}

// userStart is where programs live: what executes there is counted as one.
const userStart = 1 << 39

// executed is a line of QEMU's log of executed blocks, which are single instructions: [flags/address/...].
var executed = regexp.MustCompile(`\[[0-9a-f]+/([0-9a-f]+)/`)

// report prints the functions with the most instructions, for each time that the kernel was left for ring 3.
func report(log io.Reader, symbols []symbol, row string, out io.Writer) error {
	const enter = "defpager/board/x86.enter" // its first instruction is the way to ring 3
	counts := map[string]int{}
	total, traps := 0, 0
	for in := bufio.NewScanner(log); in.Scan(); {
		match := executed.FindSubmatch(in.Bytes())
		if match == nil {
			continue
		}
		at, err := strconv.ParseUint(string(match[1]), 16, 64)
		if err != nil {
			continue
		}
		total++
		if at >= userStart {
			counts["(ring 3)"]++
			continue
		}
		i, exact := slices.BinarySearchFunc(symbols, at, func(s symbol, at uint64) int { return cmp.Compare(s.at, at) })
		if !exact {
			i--
		}
		if i < 0 {
			continue
		}
		counts[symbols[i].name]++
		if exact && strings.HasPrefix(symbols[i].name, enter) {
			traps++
		}
	}
	if traps == 0 {
		return fmt.Errorf("ROW=%s: no trap among %d instructions", row, total)
	}
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	fmt.Fprintf(out, "%s: %d instructions in %d stays in ring 3; instructions per stay:\n", row, total, traps)
	for _, name := range names[:min(len(names), 50)] {
		fmt.Fprintf(out, "%8.1f %5.1f %%  %s\n", float64(counts[name])/float64(traps), 100*float64(counts[name])/float64(total), strings.TrimSuffix(name, ".abi0"))
	}
	return nil
}
