package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Documents name files, functions, tests, options and make targets. What they name must be there: of files their paths are looked for, of all else the words
// in the source.

var (
	spans   = regexp.MustCompile("`([^`\n]+)`")
	links   = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)
	targets = regexp.MustCompile(`\bmake ([a-z][a-z-]*)`)
	paths   = regexp.MustCompile(`^[\w.*-]+(/[\w.*-]+)*/?$`)
	fenced  = regexp.MustCompile("(?ms)^```.*?^```")
	dotted  = regexp.MustCompile(`^\w+(\.\w+)+(\(.*\))?$`)
	options = regexp.MustCompile(`^--?([a-z][a-z-]*)(=.*)?$`)
	word    = regexp.MustCompile(`\w+`)
	target  = regexp.MustCompile(`(?m)^([a-z][a-z -]*):`)
)

// foreign is what documents name of other systems, and parts of names.
var foreign = []string{"tmpfs", "vm_privilege", "iretd", "target/i386/tcg/seg_helper.c", ".defs", "Seqnos", "ROW/cold"}

// source is what documents may name.
type source struct {
	files   []string        // tracked
	words   map[string]bool // of all that is no document
	targets map[string]bool // of make
}

// documents checks what the tracked documents name.
func documents() ([]string, error) {
	s := source{words: map[string]bool{}, targets: map[string]bool{}}
	texts := map[string]string{} // of the documents
	err := tracked(func(name, text string) {
		s.files = append(s.files, name)
		if strings.HasSuffix(name, ".md") {
			texts[name] = text
			return
		}
		for _, w := range word.FindAllString(text, -1) {
			s.words[w] = true
		}
		if base := filepath.Base(name); base == "Makefile" || strings.HasSuffix(base, ".mk") {
			for _, m := range target.FindAllStringSubmatch(text, -1) {
				for _, t := range strings.Fields(m[1]) {
					s.targets[t] = true
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	var findings []string
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		for _, what := range s.missing(name, texts[name]) {
			findings = append(findings, fmt.Sprintf("%s: there is no %s", name, what))
		}
	}
	return findings, nil
}

// missing is what a document names and there is not.
func (s *source) missing(document, text string) (list []string) {
	for _, m := range targets.FindAllStringSubmatch(text, -1) {
		if !s.targets[m[1]] && strings.Contains(text, "`"+m[0]) {
			list = append(list, m[0])
		}
	}
	text = fenced.ReplaceAllString(text, "")
	for _, m := range links.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(m[1], "://") && !s.file(document, m[1]) {
			list = append(list, m[1])
		}
	}
	for _, m := range spans.FindAllStringSubmatch(text, -1) {
		if !s.has(document, m[1]) {
			list = append(list, m[1])
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// has reports whether what a document says between backquotes is there. What is neither a name nor a path, as a command with its output, is not looked at.
func (s *source) has(document, span string) bool {
	if o := options.FindStringSubmatch(span); o != nil {
		return s.words[o[1]] || s.words[strings.ReplaceAll(o[1], "-", "_")] || strings.Contains(o[1], "-")
	}
	if slices.Contains(foreign, span) {
		return true
	}
	if dotted.MatchString(span) {
		name, _, _ := strings.Cut(span, "(")
		return s.file(document, span) || !slices.ContainsFunc(strings.Split(name, "."), func(part string) bool { return !s.words[part] })
	}
	if !paths.MatchString(span) {
		return true
	}
	if !strings.Contains(span, "/") {
		return s.words[span] || !word.MatchString(span) || strings.ContainsAny(span, "-*") || s.file(document, span)
	}
	return s.file(document, span)
}

// file reports whether a tracked file or folder has that path: from the top, from the document's folder, or the end of one. * stands for
// anything. What make builds is not looked for.
func (s *source) file(document, path string) bool {
	path = strings.TrimSuffix(path, "/")
	if path == "build" || strings.HasPrefix(path, "build/") {
		return true
	}
	return slices.ContainsFunc(s.files, func(f string) bool {
		for at := f; at != "."; at = filepath.Dir(at) {
			for _, want := range []string{path, filepath.Join(filepath.Dir(document), path)} {
				if ok, _ := filepath.Match(want, at); ok {
					return true
				}
			}
			if strings.HasSuffix(at, "/"+path) {
				return true
			}
		}
		return false
	})
}
