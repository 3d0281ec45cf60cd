// Command overlay writes the file that go build's -overlay flag takes, so that the stock Go toolchain builds a runtime of
// our own machine instead of Linux.
//
//	go run ./boot/overlay -profile boot/_overlay/profile.json -out build/overlay
//
// A profile says what changes below GOROOT/src: files replaced, files added, packages added, and edits of stock files.
// Every edit must match exactly once and every file must be there, or not be there, as the profile says; so a new Go
// release stops the build with a sentence instead of making a subtly wrong image.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

func main() {
	profile := flag.String("profile", "", "profile to apply; its own files are relative to its folder")
	out := flag.String("out", "", "folder that receives overlay.json and the edited copies")
	tool := flag.String("go", "go", "the go command whose GOROOT is overlaid")
	flag.Parse()
	if err := run(*profile, *out, *tool); err != nil {
		fmt.Fprintln(os.Stderr, "overlay:", err)
		os.Exit(1)
	}
}

func run(profile, out, tool string) error {
	if profile == "" || out == "" {
		return fmt.Errorf("both -profile and -out are needed")
	}
	root, version, err := toolchain(tool)
	if err != nil {
		return err
	}
	p, err := Load(profile)
	if err != nil {
		return err
	}
	o, err := p.Apply(root, version)
	if err != nil {
		return err
	}
	return o.Write(out)
}

// toolchain asks the go command where its sources are and which version it is.
func toolchain(tool string) (root, version string, err error) {
	b, err := exec.Command(tool, "env", "GOROOT", "GOVERSION").Output()
	if err != nil {
		return "", "", fmt.Errorf("%s env: %w", tool, err)
	}
	f := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(f) != 2 {
		return "", "", fmt.Errorf("%s env answered %q", tool, b)
	}
	return f[0], f[1], nil
}
