// Command lint checks what the compiler does not: format, vet, staticcheck, the direction of imports, the rules of the source, and that what documents name is there. It prints
// each finding and exits 1 if there is one. It runs from the top of the repository.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

func main() {
	var findings []string
	for _, check := range []func() ([]string, error){formatted, vetted, static, imports, sources, documents} {
		f, err := check()
		if err != nil {
			fmt.Fprintln(os.Stderr, "lint:", err)
			os.Exit(1)
		}
		findings = append(findings, f...)
	}
	for _, f := range findings {
		fmt.Println(f)
	}
	if findings != nil {
		fmt.Fprintf(os.Stderr, "lint: %d findings\n", len(findings))
		os.Exit(1)
	}
}

// output runs a command and returns what it printed, line by line. A failure with output is a list of findings. What the go command says of
// its downloads is none.
func output(name string, args ...string) ([]string, error) {
	cmd := exec.Command(name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	lines := printed(out.String())
	if lines == nil && err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return lines, nil
}

// printed is the lines of a command's output that say something of our source.
func printed(out string) (lines []string) {
	for l := range strings.Lines(out) {
		if l = strings.TrimRight(l, "\n"); l != "" && !strings.HasPrefix(l, "go: downloading ") {
			lines = append(lines, l)
		}
	}
	return lines
}

func formatted() ([]string, error) {
	files, err := output("git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", "*.go")
	if err != nil {
		return nil, err
	}
	exist := files[:0]
	for _, name := range files {
		if _, err := os.Stat(name); err == nil {
			exist = append(exist, name)
		}
	}
	unformatted, err := output("go", append([]string{"tool", "gofumpt", "-l"}, exist...)...)
	for i := range unformatted {
		unformatted[i] += ": not formatted; go tool gofumpt -w does it"
	}
	return unformatted, err
}

func vetted() ([]string, error) { return output("go", "vet", "./...") }

func static() ([]string, error) { return output("go", "tool", "staticcheck", "./...") }
