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

// sources checks the text of the files that git knows.
func sources() ([]string, error) {
	files, err := output("git", "ls-files", "--", "*.go", "*.s", "*.S", "*.h", "*.ld", "*.mk")
	if err != nil {
		return nil, err
	}
	var findings []string
	for _, name := range files {
		b, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // deleted, not yet committed
		}
		if err != nil {
			return nil, err
		}
		lines := strings.Split(string(b), "\n")
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
	}
	return findings, nil
}
