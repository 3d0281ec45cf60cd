package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func figure() *Figure {
	return &Figure{
		Title: "a < b", Note: "n", XLabel: "size", YLabel: "cost", XBase: 16, XFormat: Bytes, Columns: 2,
		Panels: []Panel{
			{Title: "one", Target: 150, Series: []Series{{"ours", []Point{{4096, 100}, {65536, 200}}}, {"Linux", []Point{{4096, 5000}}}}},
			{Title: "two", Series: []Series{{"Linux", []Point{{4096, 7}}}}},
			{Title: "nothing"},
		},
	}
}

func draw(t *testing.T, f *Figure) string {
	t.Helper()
	var b bytes.Buffer
	if err := f.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(b.Bytes())); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return b.String()
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestFigure(t *testing.T) {
	text := draw(t, figure())
	for want, times := range map[string]int{
		"a &lt; b": 1, ">one<": 1, ">two<": 1, ">nothing<": 1, ">ours<": 1, ">Linux<": 1, ">target<": 1, "<circle": 4, "<polyline": 3,
		">4 KiB<": 3, ">64 KiB<": 3, "ours, 64 KiB: 200": 1,
		colors[0]: 1 + 1 + 2, colors[1]: 1 + 2 + 2, // the legend, lines, points: one color for a name in all panels
	} {
		if got := strings.Count(text, want); got != times {
			t.Errorf("%q is there %d times, want %d", want, got, times)
		}
	}
	if text != draw(t, figure()) {
		t.Error("the same figure makes other bytes")
	}
	if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Error("a coordinate is no number")
	}
	var b bytes.Buffer
	if err := (&Figure{Title: "empty", Panels: []Panel{{}}}).WriteSVG(&b); err == nil {
		t.Error("a figure without points was drawn")
	}
}

func TestRanges(t *testing.T) {
	f := figure()
	x, ok := f.xRange()
	if !ok || x.at(4096) != 0 || x.at(65536) != 1 || math.Abs(x.at(16384)-0.5) > 1e-9 {
		t.Errorf("the axis is %v", x)
	}
	if y := f.Panels[0].yRange(); y != (span{1, 4}) {
		t.Errorf("costs of 100 to 5000: %v, want decades 1 to 4, as 100 would lie on the edge", y)
	}
	one := Figure{XBase: 10, XFormat: Count, Panels: []Panel{{Series: []Series{{"s", []Point{{1, 1}}}}}}}
	draw(t, &one) // one point is a range too
}

func TestFormats(t *testing.T) {
	for v, want := range map[float64]string{1: "1", 100: "100", 1000: "1k", 12500: "12.5k", 1e6: "1M", 2e9: "2G"} {
		if got := Count(v); got != want {
			t.Errorf("%g: %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{4096: "4 KiB", 1 << 20: "1 MiB", 3 << 29: "1.5 GiB", 512: "512 B"} {
		if got := Bytes(v); got != want {
			t.Errorf("%g: %s, want %s", v, got, want)
		}
	}
}
