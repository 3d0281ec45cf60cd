package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// maxLines is how long a file may be before it has more than one idea.
const maxLines = 700

// generated matches the first line of a file that a program wrote: what is long there is what it was made from.
var generated = regexp.MustCompile(`^// Code generated .* DO NOT EDIT\.$`)

// rules are what no line of the source may hold, put together so that this file does not hold it either.
var rules = []struct {
	pattern *regexp.Regexp
	why     string
}{
	{regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b|not imple` + `mented`), "unfinished: finish it, or open an issue"},
	{regexp.MustCompile(`\bt\.Ski` + `p(f|Now)?\(`), "a skipped test hides a missing feature"},
}

// tracked calls f for each file that git knows, or only for those that one of the patterns matches, with its text.
func tracked(f func(name, text string), patterns ...string) error {
	files, err := output("git", append([]string{"ls-files", "--"}, patterns...)...)
	if err != nil {
		return err
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // deleted, not yet committed
		}
		if err != nil {
			return err
		}
		f(name, string(b))
	}
	return nil
}

// sources checks the text of the files that git knows.
func sources() (findings []string, err error) {
	err = tracked(func(name, text string) {
		lines := strings.Split(text, "\n")
		if len(lines) > maxLines && strings.HasSuffix(name, ".go") && !generated.MatchString(lines[0]) {
			findings = append(findings, fmt.Sprintf("%s: %d lines; more than %d hold more than one idea", name, len(lines), maxLines))
		}
		for i, l := range lines {
			for _, r := range rules {
				if r.pattern.MatchString(l) {
					findings = append(findings, fmt.Sprintf("%s:%d: %s", name, i+1, r.why))
				}
			}
		}
	}, "*.go", "*.s", "*.S", "*.h", "*.ld", "*.mk")
	return findings, err
}
