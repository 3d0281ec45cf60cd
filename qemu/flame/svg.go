package flame

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"html"
	"io"
	"slices"
	"strings"
)

// The picture's measures, in pixels.
const (
	width      = 1400
	margin     = 12
	rowHeight  = 20
	letter     = 6.7 // width of one in the font below
	fontSize   = 11
	headHeight = 64
	narrowest  = 0.4 // what is narrower is left out
)

// WriteSVG draws the stacks as a flame graph: a function's width is the instructions that it and what it called executed, its callees stand on
// it, the widest first. Below the title stands the note. Instructions are told in full and, in the tooltips, for each of so many parts.
func (n *Node) WriteSVG(out io.Writer, title, note string, parts int) error {
	d := drawing{out: out, all: max(n.Total(), 1), parts: max(parts, 1)}
	d.rows = n.depth(float64(d.all)*narrowest/(width-2*margin)) - 1 // the root is not drawn
	height := headHeight + d.rows*rowHeight + 2*margin
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace" font-size="%d">`+"\n",
		width, height, width, height, fontSize)
	d.printf(`<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	d.printf(`<text x="%d" y="28" font-size="17" font-weight="bold" fill="#222222">%s</text>`+"\n", margin, html.EscapeString(title))
	d.printf(`<text x="%d" y="48" fill="#555555">%s</text>`+"\n", margin, html.EscapeString(note))
	at := float64(margin)
	for _, child := range n.byTotal() {
		at += d.node(child, at, 0)
	}
	d.printf("</svg>\n")
	return d.err
}

// depth is how many functions are above one another at most, of those with at least so many instructions.
func (n *Node) depth(least float64) int {
	most := 0
	for _, child := range n.Children {
		if float64(child.Total()) >= least {
			most = max(most, child.depth(least))
		}
	}
	return most + 1
}

func (n *Node) byTotal() []*Node {
	list := slices.Clone(n.Children)
	slices.SortStableFunc(list, func(a, b *Node) int { return cmp.Compare(b.Total(), a.Total()) })
	return list
}

type drawing struct {
	out        io.Writer
	all, parts int
	rows       int
	err        error
}

func (d *drawing) printf(format string, args ...any) {
	if d.err == nil {
		_, d.err = fmt.Fprintf(d.out, format, args...)
	}
}

// node draws a function and its callees, and answers its width.
func (d *drawing) node(n *Node, x float64, level int) float64 {
	total := n.Total()
	w := float64(total) / float64(d.all) * (width - 2*margin)
	if w < narrowest {
		return w
	}
	y := headHeight + margin + (d.rows-1-level)*rowHeight
	d.printf(`<g><title>%s: %.1f %%, %.1f instructions, %.1f of them its own</title>`, html.EscapeString(n.Name), 100*float64(total)/float64(d.all),
		float64(total)/float64(d.parts), float64(n.Self)/float64(d.parts))
	d.printf(`<rect x="%.1f" y="%d" width="%.1f" height="%d" rx="1.5" fill="%s"/>`, x, y, max(w-0.5, 0.3), rowHeight-1, color(n.Name))
	if name := fit(shortName(n.Name), w-6); name != "" {
		d.printf(`<text x="%.1f" y="%d" fill="#1a1a1a">%s</text>`, x+3, y+14, html.EscapeString(name))
	}
	d.printf("</g>\n")
	at := x
	for _, child := range n.byTotal() {
		at += d.node(child, at, level+1)
	}
	return w
}

// fit is what of a name there is room for; too little is nothing.
func fit(name string, room float64) string {
	most := int(room / letter)
	switch {
	case len(name) <= most:
		return name
	case most < 4:
		return ""
	}
	return name[:most-2] + ".."
}

// shortName is a function's name without the path of its package and the marks of a receiver.
func shortName(name string) string {
	name = strings.Replace(strings.Replace(name, ".(*", ".", 1), ").", ".", 1)
	path, _, _ := strings.Cut(name, "[") // type arguments have paths of their own
	return name[strings.LastIndex(path, "/")+1:]
}

// color is one hue for each floor of the kernel, with a shade by the function's name.
func color(name string) string {
	hue, saturation := 30, 20 // what is not ours
	for _, floor := range []struct {
		prefix string
		hue    int
	}{
		{"(ring 3", 0}, {"defpager/board", 265}, {"defpager/mm", 205}, {"defpager/ipc", 95}, {"defpager/kern", 38}, {"defpager/pager", 330}, {"defpager/boot", 175},
	} {
		if strings.HasPrefix(name, floor.prefix) {
			hue, saturation = floor.hue, 62
		}
	}
	if name == Ring3 {
		saturation = 0
	}
	h := fnv.New32a()
	_, _ = io.WriteString(h, name)
	return fmt.Sprintf("hsl(%d,%d%%,%d%%)", hue, saturation, 66+h.Sum32()%14)
}
