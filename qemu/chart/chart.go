// Package chart draws costs over a quantity as SVG: panels with two logarithmic axes, a line for each series, and a dashed one for a target.
//
// The same figures make the same bytes. The pictures need no scripts and no fonts but a common sans serif one.
package chart

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strconv"
)

// Point is a measured cost. Both values are positive.
type Point struct{ X, Y float64 }

// Series is what one line joins.
type Series struct {
	Name   string
	Points []Point // by X
}

// Panel is one pair of axes.
type Panel struct {
	Title  string
	Series []Series
	Target float64 // drawn across the panel; 0: none
}

// Figure is panels that share their meaning. Series of one name have one color in all panels, and one entry in the legend.
type Figure struct {
	Title, Note    string
	XLabel, YLabel string
	XBase          float64              // what the axis has a label at: powers of it
	XFormat        func(float64) string // the labels
	Panels         []Panel
	Columns        int
}

// Measures, in pixels.
const (
	panelWidth, panelHeight = 420, 270
	left, right, top, below = 64, 18, 34, 46 // around the axes of a panel
	head                    = 84             // above the panels: title, note, legend
	margin                  = 16
)

// colors are told apart by those who see few, too (Okabe and Ito).
var colors = [...]string{"#0072b2", "#d55e00", "#009e73", "#cc79a7"}

const targetColor = "#777777"

// WriteSVG draws the figure. The error says that there is nothing to draw, or comes from out.
func (f *Figure) WriteSVG(out io.Writer) error {
	x, ok := f.xRange()
	if !ok {
		return fmt.Errorf("%s: no points", f.Title)
	}
	columns := max(1, min(f.Columns, len(f.Panels)))
	rows := (len(f.Panels) + columns - 1) / columns
	width, height := 2*margin+columns*panelWidth, head+rows*panelHeight+margin
	d := drawing{out: out, figure: f, names: f.names(), x: x}
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="'DejaVu Sans','Helvetica Neue',Arial,sans-serif" font-size="12" fill="#222222">`+"\n",
		width, height, width, height)
	d.printf(`<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	d.text(margin, 28, "start", `font-size="18" font-weight="bold"`, f.Title)
	d.text(margin, 48, "start", `fill="#555555"`, f.Note)
	d.legend()
	for i := range f.Panels {
		d.panel(&f.Panels[i], float64(margin+i%columns*panelWidth), float64(head+i/columns*panelHeight))
	}
	d.printf("</svg>\n")
	return d.err
}

// names are those of all series, in the order in which they first appear.
func (f *Figure) names() []string {
	var names []string
	for _, p := range f.Panels {
		for _, s := range p.Series {
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	return names
}

// span is what an axis shows, by logarithms.
type span struct{ low, high float64 }

func (s span) at(v float64) float64 { return (math.Log10(v) - s.low) / (s.high - s.low) }

// xRange is what all points' X need, which all panels show.
func (f *Figure) xRange() (span, bool) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range f.Panels {
		for _, s := range p.Series {
			for _, point := range s.Points {
				low, high = min(low, point.X), max(high, point.X)
			}
		}
	}
	if low == high {
		high *= 10
	}
	return span{math.Log10(low), math.Log10(high)}, low <= high
}

// yRange is from decade to decade around a panel's points and its target.
func (p *Panel) yRange() span {
	low, high := math.Inf(1), math.Inf(-1)
	see := func(y float64) { low, high = min(low, math.Log10(y)), max(high, math.Log10(y)) }
	if p.Target > 0 {
		see(p.Target)
	}
	for _, s := range p.Series {
		for _, point := range s.Points {
			see(point.Y)
		}
	}
	if low > high {
		low, high = 0, 1
	}
	const edge = 0.02 // what lies on the edge is hard to see
	return span{math.Floor(low - edge), math.Ceil(high + edge)}
}

// Count formats a number with a unit for thousands: 1, 10, 1k, 100k, 1M.
func Count(v float64) string {
	for _, u := range []struct {
		size   float64
		suffix string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= u.size {
			return strconv.FormatFloat(v/u.size, 'g', 4, 64) + u.suffix
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// Bytes formats a size: 4 KiB, 1 MiB.
func Bytes(v float64) string {
	unit := 0
	for ; v >= 1024 && unit < 4; unit++ {
		v /= 1024
	}
	return strconv.FormatFloat(v, 'g', 4, 64) + " " + [...]string{"B", "KiB", "MiB", "GiB", "TiB"}[unit]
}

type drawing struct {
	out    io.Writer
	figure *Figure
	names  []string
	x      span
	err    error
}

func (d *drawing) printf(format string, args ...any) {
	if d.err == nil {
		_, d.err = fmt.Fprintf(d.out, format, args...)
	}
}

func (d *drawing) text(x, y float64, anchor, more, text string) {
	d.printf(`<text x="%.1f" y="%.1f" text-anchor="%s" %s>%s</text>`+"\n", x, y, anchor, more, html.EscapeString(text))
}

func (d *drawing) line(x1, y1, x2, y2 float64, style string) {
	d.printf(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" %s/>`+"\n", x1, y1, x2, y2, style)
}

func (d *drawing) legend() {
	const y, sample, letter = 70.0, 28.0, 7.2
	x := float64(margin)
	entry := func(name, style string) {
		d.line(x, y-4, x+sample, y-4, style)
		d.text(x+sample+6, y, "start", "", name)
		x += sample + 30 + letter*float64(len(name))
	}
	for i, name := range d.names {
		entry(name, fmt.Sprintf(`stroke="%s" stroke-width="2.5"`, colors[i%len(colors)]))
	}
	if slices.ContainsFunc(d.figure.Panels, func(p Panel) bool { return p.Target > 0 }) {
		entry("target", `stroke="`+targetColor+`" stroke-width="1.5" stroke-dasharray="6 4"`)
	}
}

// panel draws one pair of axes, whose upper left corner with all that is around them is at x, y.
func (d *drawing) panel(p *Panel, x, y float64) {
	const w, h = panelWidth - left - right, panelHeight - top - below
	x0, y0 := x+left, y+top
	ys := p.yRange()
	atX := func(v float64) float64 { return x0 + w*d.x.at(v) }
	atY := func(v float64) float64 { return y0 + h*(1-ys.at(v)) }
	d.text(x0, y+22, "start", `font-size="13" font-weight="bold"`, p.Title)
	d.grid(x0, y0, w, h, atX, atY, ys)
	d.text(x0+w/2, y0+h+38, "middle", `fill="#555555"`, d.figure.XLabel)
	d.printf(`<text transform="translate(%.1f %.1f) rotate(-90)" text-anchor="middle" fill="#555555">%s</text>`+"\n", x+12, y0+h/2, html.EscapeString(d.figure.YLabel))
	if p.Target > 0 {
		d.line(x0, atY(p.Target), x0+w, atY(p.Target), `stroke="`+targetColor+`" stroke-width="1.5" stroke-dasharray="6 4"`)
	}
	for _, s := range p.Series {
		color := colors[slices.Index(d.names, s.Name)%len(colors)]
		d.printf(`<polyline fill="none" stroke="%s" stroke-width="2.5" stroke-linejoin="round" points="`, color)
		for _, point := range s.Points {
			d.printf("%.1f,%.1f ", atX(point.X), atY(point.Y))
		}
		d.printf("\"/>\n")
		for _, point := range s.Points {
			d.printf(`<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"><title>%s, %s: %s</title></circle>`+"\n", atX(point.X), atY(point.Y), color,
				html.EscapeString(s.Name), html.EscapeString(d.figure.XFormat(point.X)), Count(point.Y))
		}
	}
}

// grid draws the axes, with lines and labels: across at each decade and, faint, between; upwards at the powers of XBase.
func (d *drawing) grid(x0, y0, w, h float64, atX, atY func(float64) float64, ys span) {
	const strong, faint = `stroke="#cccccc"`, `stroke="#eeeeee"`
	for decade := ys.low; decade <= ys.high; decade++ {
		v := math.Pow(10, decade)
		for _, part := range []float64{2, 5} {
			if decade < ys.high {
				d.line(x0, atY(part*v), x0+w, atY(part*v), faint)
				if ys.high-ys.low < 2 {
					d.text(x0-6, atY(part*v)+4, "end", `font-size="10" fill="#888888"`, Count(part*v))
				}
			}
		}
		d.line(x0, atY(v), x0+w, atY(v), strong)
		d.text(x0-6, atY(v)+4, "end", `font-size="11"`, Count(v))
	}
	for power := math.Ceil(d.x.low/math.Log10(d.figure.XBase) - 1e-9); ; power++ {
		v := math.Pow(d.figure.XBase, power)
		if d.x.at(v) > 1+1e-9 {
			break
		}
		d.line(atX(v), y0, atX(v), y0+h, faint)
		d.text(atX(v), y0+h+17, "middle", `font-size="11"`, d.figure.XFormat(v))
	}
	d.printf(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="none" stroke="#888888"/>`+"\n", x0, y0, w, h)
}
