// Package interfaces holds the system's interface definitions: what mig compiles, for programs that want to know the messages themselves.
package interfaces

import "embed"

//go:embed *.defs
var files embed.FS

// Open returns the text of a definition, such as mach.defs.
func Open(name string) (string, error) {
	b, err := files.ReadFile(name)
	return string(b), err
}

// Names lists the definitions that hold a subsystem.
func Names() []string {
	entries, _ := files.ReadDir(".")
	var names []string
	for _, e := range entries {
		if e.Name() != "types.defs" {
			names = append(names, e.Name())
		}
	}
	return names
}
