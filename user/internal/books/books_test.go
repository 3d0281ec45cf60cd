package books

import (
	"reflect"
	"testing"

	"defpager/mach"
)

// Whatever number is another by one is named, and books with it are not the same; but a frame that structures lie in may be a free one.
func TestDiffer(t *testing.T) {
	var was Books
	if s := was.Differ(was); s != "" {
		t.Fatalf("what is the same differs: %s", s)
	}
	type number struct {
		name string
		of   func(*Books) reflect.Value
	}
	var all []number
	for i, top := range []reflect.Type{reflect.TypeFor[mach.HostFigures](), reflect.TypeFor[Books]()} {
		for _, f := range reflect.VisibleFields(top) {
			if f.Type.Kind() == reflect.Uint64 && (i == 0 || len(f.Index) == 1) {
				all = append(all, number{f.Name, func(b *Books) reflect.Value { return reflect.ValueOf(b).Elem().FieldByName(f.Name) }})
			}
		}
	}
	if n := len(was.HostFigures.List()) + 3; len(all) != n {
		t.Fatalf("%d numbers, want %d", len(all), n)
	}
	frames := map[string]bool{"TreeFrames": true, "EntryFrames": true, "ObjectFrames": true, "PortFrames": true, "PagerFrames": true}
	for _, n := range all {
		now, want := was, n.name+" 1, was 0"
		if n.of(&now).SetUint(1); frames[n.name] {
			want = "Free 1, was 0; Unpromised 4096, was 0"
		}
		if got := now.Differ(was); got != want || now.Same(was) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	now := was
	was.Free, was.Unpromised, was.EntryFrames = 10, 10*mach.PageSize, 1
	now.Free, now.Unpromised, now.EntryFrames = 9, 9*mach.PageSize, 2
	if !now.Same(was) || now.Differ(was) != "" {
		t.Errorf("a structure that lies elsewhere: %s", now.Differ(was))
	}
	if now.Unpromised--; now.Same(was) {
		t.Error("a byte is lost")
	}
}
