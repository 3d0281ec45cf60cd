package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

const module = "defpager/"

// floors are the kernel's folders from the lowest to the highest: a package imports only from floors below its own, and from its own.
var floors = []string{"mach", "board", "mm", "ipc", "kern", "pager", "boot"}

// goPackage is what go list tells.
type goPackage struct {
	ImportPath string
	Imports    []string
}

func listPackages() ([]goPackage, error) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var list []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); err == io.EOF {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
}

// imports checks the direction of imports, and that the kernel leaves alone what it cannot have or afford.
func imports() ([]string, error) {
	list, err := listPackages()
	if err != nil {
		return nil, err
	}
	var findings []string
	for _, p := range list {
		for _, i := range p.Imports {
			if why := forbidden(strings.TrimPrefix(p.ImportPath, module), i); why != "" {
				findings = append(findings, fmt.Sprintf("%s imports %s: %s", p.ImportPath, i, why))
			}
		}
	}
	return findings, nil
}

// hostTools are programs below the kernel's folders that run on the host, when the image is built.
var hostTools = []string{"boot/overlay", "boot/relink", "ipc/mig/cmd/mig"}

// forbidden says why the package at a path may not import another; empty if it may.
func forbidden(path, imported string) string {
	top, _, _ := strings.Cut(path, "/")
	floor := slices.Index(floors, top)
	inKernel := floor >= 0 && !slices.Contains(hostTools, path)
	if !strings.HasPrefix(imported, module) {
		switch {
		case inKernel && slices.Contains([]string{"os", "net", "net/http", "crypto/rand", "math/rand", "log", "os/exec"}, imported) && !strings.HasPrefix(path, "boot/testdata"):
			return "the kernel has no operating system below it, and no room for large packages"
		case imported == "unsafe" && inKernel && !slices.Contains([]string{"board", "boot"}, top):
			return "unsafe lives in board and boot"
		case imported == "unsafe" && top == "user" && path != "user/libmach":
			return "unsafe lives in user/libmach"
		}
		return ""
	}
	to := strings.TrimPrefix(imported, module)
	other, _, _ := strings.Cut(to, "/")
	otherFloor := slices.Index(floors, other)
	switch {
	case path == "user/defaultpager" && slices.Contains([]string{"board", "board/disk", "ipc", "mm/frame", "mm/vm", "pager", "pager/backing", "pager/disks"}, to):
		// the default pager and what it stands on, in its other place to run
	case top == "user":
		if other != "user" && other != "mach" && to != "ipc/mig" && !strings.HasPrefix(to, "ipc/mig/") {
			return "programs know of the kernel only mach and ipc/mig"
		}
	case top == "qemu":
		if other != "qemu" && other != "mach" {
			return "the host knows of the kernel only mach"
		}
	case top == "ipc" && strings.HasPrefix(to, "mm/"):
		return "ipc does not know memory: out-of-line memory goes through ipc.UserMemory"
	case otherFloor < 0 || otherFloor > floor:
		return fmt.Sprintf("%s is not below %s (%s)", other, top, strings.Join(floors, " < "))
	}
	return ""
}
