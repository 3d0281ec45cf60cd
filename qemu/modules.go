package qemu

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// own are the modules that the user gave in place of the main job, as QEMU's -initrd takes them for a multiboot kernel: "PATH ARGS,
// PATH ARGS", where two commas stand for one. A PATH without a slash may be one of programs. A program whose line has no directive
// such as $(task-create) is started. The result is the command lines, and the files that they need beside programs, which a file of
// the same name replaces.
func own(list string, programs []Module) (lines []string, modules []Module, err error) {
	modules = slices.Clone(programs)
	const comma = "\x00"
	for _, item := range strings.Split(strings.ReplaceAll(list, ",,", comma), ",") {
		words := strings.Fields(strings.ReplaceAll(item, comma, ","))
		if len(words) == 0 {
			continue
		}
		path := words[0]
		named := func(m Module) bool { return m.Name == filepath.Base(path) }
		at := slices.IndexFunc(modules, named)
		if _, err := os.Stat(path); err != nil && at >= 0 && modules[at].Name == path {
			path = modules[at].Path
		}
		program, err := isELF(path)
		if err != nil {
			return nil, nil, fmt.Errorf("MODULES: %s: %w", path, reason(err))
		}
		words[0] = filepath.Base(path)
		if program && !strings.Contains(item, "$(") {
			words = append(words, "$(task-create)", "$(task-resume)")
		}
		lines = append(lines, strings.Join(words, " "))
		if at >= 0 {
			modules[at].Path = path
		} else {
			modules = append(modules, Module{words[0], path})
		}
	}
	if lines == nil {
		return nil, nil, errors.New("MODULES names no file")
	}
	return lines, modules, nil
}

// isELF reports whether a file is a program.
func isELF(path string) (bool, error) {
	f, _, err := openRegular(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	magic := make([]byte, 4)
	_, err = io.ReadFull(f, magic)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	return string(magic) == "\x7fELF", err
}
