package qemu

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"defpager/qemu/chart"
)

// sweep is a measurement of some rows over a quantity.
type sweep struct {
	over   string // as the bench programs' --sweep takes it
	memory string // of the machine
	title  string
	axis   string
	base   float64 // of the axis: the quantity grows by it, or its root
	format func(float64) string
	from   float64 // where costs are to be flat from
	rows   []string
}

func sweeps() []sweep {
	return []sweep{
		{
			"size", "512M", "Cost over an object's size", "size of the object", 16, chart.Bytes, 1 << 20,
			[]string{"first-touch-clustered", "second-mapping", "unmap-destroy", "copy-on-write", "object-create"},
		},
		{
			"objects", "2G", "Cost over the number of live objects", "objects that exist meanwhile", 10, chart.Count, 1,
			[]string{"object-create", "object-cycle", "first-touch-one-by-one", "task-rpc"},
		},
		{
			"entries", "4G", "Cost over the number of map entries", "entries in the map of the task", 10, chart.Count, 1,
			[]string{"object-cycle", "zero-fill-one-by-one", "second-mapping", "task-rpc"},
		},
	}
}

// series is a row's figures over the quantity, "ROW@X", by X.
func (f figures) series(name string) []chart.Point {
	var list []chart.Point
	for key, n := range f {
		row, at, ok := strings.Cut(key, "@")
		if x, err := strconv.ParseFloat(at, 64); ok && err == nil && row == name {
			list = append(list, chart.Point{X: x, Y: float64(max(n, 1))})
		}
	}
	slices.SortFunc(list, func(a, b chart.Point) int { return int(a.X - b.X) })
	return list
}

// rise is by how many percent a cost grows at most: from that at the first X that is from or above, to any behind. last is the last X; ok is false if there
// are not two.
func rise(points []chart.Point, from float64) (percent, last float64, ok bool) {
	points = slices.DeleteFunc(slices.Clone(points), func(p chart.Point) bool { return p.X < from })
	if len(points) < 2 {
		return 0, 0, false
	}
	most := slices.MaxFunc(points, func(a, b chart.Point) int { return cmp.Compare(a.Y, b.Y) })
	return 100 * (most.Y - points[0].Y) / points[0].Y, points[len(points)-1].X, true
}

// flatness says how far the costs of a sweep are flat, ours; empty if it was not made.
func (r *measured) flatness(s sweep) string {
	var parts []string
	end := 0.0
	for _, name := range s.rows {
		if percent, last, ok := rise(r.sweepOurs[s.over].series(name), s.from); ok {
			parts = append(parts, fmt.Sprintf("%s %+.0f %%", name, percent))
			end = max(end, last)
		}
	}
	if parts == nil {
		return ""
	}
	return fmt.Sprintf("Over %s, from %s to %s, ours rises at most by: %s.\n", s.over, s.format(s.from), s.format(end), strings.Join(parts, ", "))
}

// figure is the picture of a sweep.
func (r *measured) figure(s sweep) *chart.Figure {
	f := &chart.Figure{
		Title: s.title, XLabel: s.axis, YLabel: "guest instructions", XBase: s.base, XFormat: s.format, Columns: 3,
		Note: fmt.Sprintf("guest instructions under -icount, %s of memory; Linux is %s", s.memory, r.name),
	}
	if len(s.rows)%3 == 1 {
		f.Columns = 2
	}
	if r.name == "" {
		f.Note = fmt.Sprintf("guest instructions under -icount, %s of memory; Linux was not measured", s.memory)
	}
	for _, name := range s.rows {
		t, err := findRow(name)
		if err != nil {
			continue
		}
		p := chart.Panel{Title: title(t), Target: float64(t.goal)}
		for _, of := range []struct {
			name    string
			figures figures
		}{{"defpager", r.sweepOurs[s.over]}, {"Linux", r.sweepOf[s.over]}} {
			if points := of.figures.series(name); len(points) != 0 {
				p.Series = append(p.Series, chart.Series{Name: of.name, Points: points})
			}
		}
		f.Panels = append(f.Panels, p)
	}
	return f
}

// title is what stands above a row's panel: its name, and what the figure is for.
func title(t row) string {
	if strings.Contains(t.what, "per page") || t.name == "first-touch-clustered" {
		return t.name + ", per page"
	}
	return t.name
}

// publish writes the figures, the table and the plots to a directory.
func (r *measured) publish(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	files := map[string]string{"figures.tsv": r.raw(), "table.md": r.markdown()}
	if len(r.walls) != 0 {
		files["wall.tsv"] = r.rawWall()
	}
	for _, s := range sweeps() {
		var b bytes.Buffer
		if err := r.figure(s).WriteSVG(&b); err != nil {
			return err
		}
		files[s.over+".svg"] = b.String()
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// raw is all figures that are counts of instructions: system, name, count, in order.
func (r *measured) raw() string {
	var lines []string
	add := func(system string, f figures) {
		for name, n := range f {
			if name != "begins" {
				lines = append(lines, fmt.Sprintf("%s\t%s\t%d\n", system, name, n))
			}
		}
	}
	add("defpager", r.ours)
	add("linux", r.linux)
	add("linux-init-on-alloc", r.clear)
	for _, s := range sweeps() {
		add("defpager", r.sweepOurs[s.over])
		add("linux", r.sweepOf[s.over])
	}
	for _, p := range r.phases {
		lines = append(lines, fmt.Sprintf("defpager\tphase:%s\t%d\n", p.name, p.end))
	}
	slices.Sort(lines)
	return "system\tfigure\tcount\n" + strings.Join(lines, "")
}
