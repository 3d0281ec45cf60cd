package backing

import (
	"bytes"
	"slices"
	"testing"

	"defpager/mach"
	"defpager/mm/vm"
)

// written is a machine with n pages of noise on an area, and nothing under way.
func written(t *testing.T, n int) (*machine, *area, []vm.Token) {
	m := newMachine(t, 4<<20)
	a := newArea("a", 512)
	if err := m.b.AddArea(a); err != nil {
		t.Fatal(err)
	}
	var tokens []vm.Token
	for i := range n {
		token, ok := m.store(t, page("noise", uint64(i)))
		if !ok {
			t.Fatal("there is room")
		}
		tokens = append(tokens, token)
	}
	for m.b.Poll(); m.b.Active(); m.b.Poll() {
	}
	m.check(t)
	return m, a, tokens
}

// expect fetches page i, which must be as it was.
func (m *machine) expect(t *testing.T, tokens []vm.Token, i int) {
	t.Helper()
	if got, err := m.fetch(t, tokens[i]); err != nil || !bytes.Equal(got, page("noise", uint64(i))) {
		t.Fatalf("page %d is not what it was: %v", i, err)
	}
	m.check(t)
}

// Pages that are asked for in their order come ahead of need, more each time; what one write wrote is read together, and nothing is written again.
func TestReadAhead(t *testing.T) {
	m, a, tokens := written(t, 3*cluster)
	writes := a.writes
	for i := range tokens {
		m.expect(t, tokens, i)
	}
	if want := []int{1, 2, 4, 8, 16}; len(a.reads) > 12 || !slices.Equal(a.reads[:5], want) {
		t.Errorf("pages were read by so many: %v", a.reads)
	}
	for m.b.Poll(); m.b.Active(); m.b.Poll() {
	}
	if s := m.b.Stats(); s.Read != uint64(len(tokens)) || a.writes != writes || s.OnDisk != 0 || s.Waiting != 0 || a.Room() != a.Slots() {
		t.Errorf("%+v; %d writes, %d before", s, a.writes, writes)
	}
}

// Four may read in order at the same time; who reads in no order gets what he asks for and nothing else.
func TestReadAheadForSeveral(t *testing.T) {
	m, a, tokens := written(t, 4*cluster)
	for i := range cluster {
		for stream := range 4 {
			m.expect(t, tokens, stream*cluster+i)
		}
	}
	if len(a.reads) > 4*cluster/4 {
		t.Errorf("pages were read by so many: %v", a.reads)
	}
	m, a, tokens = written(t, 4*cluster)
	for i := range tokens {
		m.expect(t, tokens, (i*53+7)%len(tokens))
	}
	if len(a.reads) != len(tokens) {
		t.Errorf("pages were read by so many: %v", a.reads)
	}
}

// While memory is short nothing is read ahead, and frames with pages that came ahead are to be had.
func TestReadAheadTakesNoFrameFromOthers(t *testing.T) {
	m, a, tokens := written(t, 2*cluster)
	for i := range 4 {
		m.expect(t, tokens, i) // and what came with them
	}
	if m.b.cleans.count == 0 {
		t.Fatal("nothing came ahead")
	}
	var hoard []mach.PhysAddr
	for s := m.frames.Stats(); s.Free > s.Reserved; s = m.frames.Stats() {
		f, err := m.frames.Alloc()
		if err != nil {
			t.Fatal(err)
		}
		hoard = append(hoard, f)
	}
	came := m.b.cleans.count
	for range asideFrames + came {
		if f, ok := m.b.takeFrame(); ok {
			hoard = append(hoard, f)
		}
	}
	if m.b.cleans.count != 0 {
		t.Errorf("%d of %d pages that came ahead keep their frames", m.b.cleans.count, came)
	}
	for _, f := range hoard[:10] {
		m.frames.Free(f)
	}
	a.reads = nil
	for i := 4; i < 9; i++ {
		if got, err := m.fetch(t, tokens[i]); err != nil || !bytes.Equal(got, page("noise", uint64(i))) {
			t.Fatalf("page %d is not what it was: %v", i, err)
		}
		if err := m.b.Check(); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.reads) != 5 {
		t.Errorf("pages were read by so many: %v", a.reads)
	}
	for _, f := range hoard[10:] {
		m.frames.Free(f)
	}
}

// Of pages that are read together only the one is lost that is bad; the others come by themselves, those too that were asked for while the read was under way.
func TestReadAheadOfABadPage(t *testing.T) {
	m, a, tokens := written(t, cluster)
	a.bad[9] = true
	for i := range 7 {
		m.expect(t, tokens, i)
	}
	if _, err := m.b.Fetch(tokens[7]); err != vm.Wait { // with up to eight that follow
		t.Fatal(err)
	}
	if _, err := m.b.Fetch(tokens[8]); err != vm.Wait {
		t.Fatal(err)
	}
	m.b.Drop(tokens[10])
	m.check(t)
	m.expect(t, tokens, 7)
	m.expect(t, tokens, 8)
	if _, err := m.fetch(t, tokens[9]); mach.Code(err) != mach.MemoryError {
		t.Errorf("the bad page: %v", err)
	}
	m.b.Drop(tokens[9])
	for i := 11; i < cluster; i++ {
		m.expect(t, tokens, i)
	}
	m.check(t)
	if a.Room() != a.Slots() {
		t.Errorf("of %d slots %d are free", a.Slots(), a.Room())
	}
}

// Storage can be removed while pages of it came ahead, or are on their way.
func TestReadAheadAndRemoval(t *testing.T) {
	m, a, tokens := written(t, 2*cluster)
	for i := range 4 {
		m.expect(t, tokens, i)
	}
	if _, err := m.b.Fetch(tokens[7]); err != vm.Wait {
		t.Fatal(err)
	}
	over := false
	if err := m.b.RemoveArea("a", func(err error) {
		if over = true; err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		m.b.Poll()
		m.check(t)
	}
	if !over || a.Room() != a.Slots() {
		t.Errorf("over: %v; of %d slots %d are free", over, a.Slots(), a.Room())
	}
	for i := 4; i < len(tokens); i++ {
		m.expect(t, tokens, i)
	}
}
