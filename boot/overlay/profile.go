package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Profile is what changes below GOROOT/src. Paths of the stock side are relative to GOROOT/src, own paths to the folder
// of the profile.
type Profile struct {
	Go       []string          `json:"go"`       // the Go versions this was written against, for the error text
	Replace  map[string]string `json:"replace"`  // stock file, which must exist: own file
	Add      map[string]string `json:"add"`      // new file in a stock folder: own file
	Packages map[string]string `json:"packages"` // new package (Go files only: no assembler runs there): own folder
	Edits    []Edit            `json:"edits"`    // changes inside stock files

	dir string // folder of the profile, absolute
}

// Edit replaces one piece of text, which must occur exactly once, in a stock file.
type Edit struct {
	File string `json:"file"`
	Why  string `json:"why"` // the reason, for the reader of the profile
	Old  string `json:"old"`
	New  string `json:"new"`
}

// Overlay is a profile applied to one GOROOT.
type Overlay struct {
	replace map[string]string // absolute stock path: absolute own path
	edited  map[string]string // absolute stock path: changed text
	src     string            // GOROOT/src
}

// Load reads a profile. Unknown fields are errors, so that a misspelt one is found.
func Load(path string) (*Profile, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	p := &Profile{dir: dir}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// Apply checks the profile against the sources below root and computes the overlay. It writes nothing.
func (p *Profile) Apply(root, version string) (*Overlay, error) {
	o := &Overlay{replace: map[string]string{}, edited: map[string]string{}, src: filepath.Join(root, "src")}
	var errs []error
	fail := func(file, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s of %s: %s (the profile knows %s)",
			file, version, fmt.Sprintf(format, args...), strings.Join(p.Go, ", ")))
	}
	for _, f := range slices.Sorted(maps.Keys(p.Replace)) {
		if !exists(filepath.Join(o.src, f)) {
			fail(f, "is to be replaced, but does not exist")
		}
		errs = append(errs, o.use(f, filepath.Join(p.dir, p.Replace[f])))
	}
	for _, f := range slices.Sorted(maps.Keys(p.Add)) {
		if exists(filepath.Join(o.src, f)) {
			fail(f, "is to be added, but exists")
		}
		errs = append(errs, o.use(f, filepath.Join(p.dir, p.Add[f])))
	}
	for _, pkg := range slices.Sorted(maps.Keys(p.Packages)) {
		if exists(filepath.Join(o.src, pkg)) {
			fail(pkg, "is to be a new package, but exists")
		}
		errs = append(errs, o.usePackage(pkg, filepath.Join(p.dir, p.Packages[pkg])))
	}
	for _, e := range p.Edits {
		if why := o.edit(e); why != "" {
			fail(e.File, "%s", why)
		}
	}
	return o, errors.Join(errs...)
}

// use lets an own file stand for a stock path.
func (o *Overlay) use(stock, own string) error {
	if !exists(own) {
		return fmt.Errorf("%s: own file %s does not exist", stock, own)
	}
	o.replace[filepath.Join(o.src, stock)] = own
	return nil
}

// usePackage lets the Go files of an own folder stand for a package that the stock library lacks.
func (o *Overlay) usePackage(pkg, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s: no Go files in %s", pkg, dir)
	}
	for _, f := range files {
		o.replace[filepath.Join(o.src, pkg, filepath.Base(f))] = f
	}
	return nil
}

// edit applies e on top of earlier edits of the same file and says what is wrong, "" if nothing is.
func (o *Overlay) edit(e Edit) string {
	path := filepath.Join(o.src, e.File)
	if own, ok := o.replace[path]; ok {
		return "is edited, but also replaced by " + own
	}
	text, ok := o.edited[path]
	if !ok {
		b, err := os.ReadFile(path)
		if err != nil {
			return "is to be edited: " + err.Error()
		}
		text = string(b)
	}
	if n := strings.Count(text, e.Old); n != 1 {
		return fmt.Sprintf("%d matches, not one, of %q", n, e.Old)
	}
	o.edited[path] = strings.Replace(text, e.Old, e.New, 1)
	return ""
}

// Write puts the edited copies and overlay.json into dir. Files that are right already keep their time stamps.
func (o *Overlay) Write(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	replace := maps.Clone(o.replace)
	for path, text := range o.edited {
		rel, err := filepath.Rel(o.src, path)
		if err != nil {
			return err
		}
		copied := filepath.Join(dir, "_edited", rel)
		if err := update(copied, []byte(text)); err != nil {
			return err
		}
		replace[path] = copied
	}
	b, err := json.MarshalIndent(struct{ Replace map[string]string }{replace}, "", "\t")
	if err != nil {
		return err
	}
	return update(filepath.Join(dir, "overlay.json"), append(b, '\n'))
}

func update(path string, b []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, b) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
