package inline

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strings"
)

// module is the path of this module, and program the folder of its image's package main.
const (
	module  = "defpager"
	program = "boot"
)

// sources are the module's files, as far as they were asked for.
type sources struct {
	root  string
	files map[string][]declaration
}

// declaration is a function of a file.
type declaration struct {
	name       string // as the linker knows it
	start, end int    // lines
	closures   [][2]int
}

func newSources(root string) *sources { return &sources{root, map[string][]declaration{}} }

// function is the function in which a line stands, and its first line. false: the file is none of the module's, or the line is in no function with
// a name of its own.
func (s *sources) function(file string, line int) (name string, start int, ok bool) {
	list, known := s.files[file]
	if !known {
		list = s.read(file)
		s.files[file] = list
	}
	for _, d := range list {
		if line < d.start || line > d.end {
			continue
		}
		for _, c := range d.closures {
			if line >= c[0] && line <= c[1] {
				return "", 0, false
			}
		}
		return d.name, d.start, true
	}
	return "", 0, false
}

// read finds the functions of a file of the module.
func (s *sources) read(file string) []declaration {
	relative, err := filepath.Rel(s.root, file)
	if err != nil || strings.HasPrefix(relative, "..") || !strings.HasSuffix(file, ".go") {
		return nil
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	prefix := path.Join(module, filepath.ToSlash(filepath.Dir(relative)))
	if prefix == module+"/"+program {
		prefix = "main"
	}
	var list []declaration
	for _, d := range f.Decls {
		fn, isFunction := d.(*ast.FuncDecl)
		if !isFunction || fn.Body == nil {
			continue
		}
		name, ok := linkName(fn)
		if !ok {
			continue
		}
		span := func(n ast.Node) (start, end int) { return set.Position(n.Pos()).Line, set.Position(n.End()).Line }
		list = append(list, declaration{name: prefix + "." + name})
		last := &list[len(list)-1]
		last.start, last.end = span(fn.Type)
		_, last.end = span(fn.Body)
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			if c, ok := n.(*ast.FuncLit); ok {
				start, end := span(c)
				last.closures = append(last.closures, [2]int{start, end})
			}
			return true
		})
	}
	return list
}

// linkName is a function's name within its package. false: it is generic.
func linkName(fn *ast.FuncDecl) (string, bool) {
	if fn.Type.TypeParams != nil {
		return "", false
	}
	if fn.Recv == nil {
		return fn.Name.Name, true
	}
	switch t := fn.Recv.List[0].Type.(type) {
	case *ast.Ident:
		return t.Name + "." + fn.Name.Name, true
	case *ast.StarExpr:
		if id, ok := t.X.(*ast.Ident); ok {
			return "(*" + id.Name + ")." + fn.Name.Name, true
		}
	}
	return "", false
}
