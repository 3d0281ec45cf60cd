package vm

import (
	"testing"

	"defpager/mach"
)

// mortal is a manager that dies after so many things that it did, and gets to each only when more than delay others wait.
type mortal struct {
	*farPager
	left, delay int
}

// step lets it do one thing, or die.
func (g *mortal) step(t *testing.T) {
	if g.left == 0 && !g.dead {
		g.dead = true
		g.w.env.SetManager(nil)
		if g.x != nil && !g.ended {
			g.x.object.Sever()
		}
	}
	if !g.dead && len(g.queue) > g.delay {
		g.left--
		g.work(1)
	}
	g.w.env.Settle()
	g.w.check(t)
}

// A manager dies after each number of things that it did, with delays of any length before each: no pages are lost but those that it was sent and has not
// sent back, whoever waits for one is told, nothing stays behind, and the next manager works.
func TestExternalDiesAtEachStep(t *testing.T) {
	const most = 1000
	var lost, told int
	for delay := range 4 {
		for k := 0; ; k++ {
			l, n, alive := dieAfter(t, k, delay)
			if lost, told = lost+l, told+n; !alive {
				continue
			}
			if k < 20 || k == most {
				t.Fatalf("the manager did %d things", k)
			}
			break
		}
	}
	if lost < 100 || told < 100 {
		t.Fatalf("%d pages were lost and %d who waited were told: too few to see anything", lost, told)
	}
}

// dieAfter has pages go out to a manager and come back, until it has done k things. It returns how many were lost, how many waited for one that was, and
// whether all was over before the manager had done so much.
func dieAfter(t *testing.T, k, delay int) (lost, told int, alive bool) {
	const pages = 24
	w := newWorld(1 << 20)
	m := w.filled(t, pages, 1)
	g := &mortal{newFarPager(w), k, delay}
	w.env.SetManager(g.begin)
	var waiting []*Waiter
	for round := range 3 {
		w.env.sweep(pages/2, 10*pages)
		g.step(t)
		for i := range pages {
			if _, err := w.load(m, at((i*7+round)%pages)); err == Wait {
				x := new(Waiter)
				w.env.Await(x)
				waiting = append(waiting, x)
			}
			g.step(t)
		}
	}
	for g.delay = 0; !g.dead && len(g.queue) != 0; {
		g.step(t)
	}
	for _, x := range waiting {
		if x.Waiting() || x.Err() != nil && !g.dead {
			t.Fatalf("after %d things somebody waits, or is told %v", k, x.Err())
		}
		if x.Err() == mach.MemoryError {
			told++
		}
		x.Done()
	}
	kept := 0
	if g.dead && g.x != nil && !g.ended {
		kept = g.x.Kept()
	}
	for i := range pages {
		switch got, err := w.load(m, at(i)); {
		case err == nil && got == byte(1+i):
		case err == mach.MemoryError && g.dead:
			lost++
		case err == Wait && !g.dead:
			w.env.Forget()
		default:
			t.Fatalf("after %d things: page %d is %d, %v", k, i, got, err)
		}
	}
	if lost > kept {
		t.Fatalf("after %d things %d pages are lost, of %d that it had", k, lost, kept)
	}
	// Another begins where memory is as it is.
	next := &mortal{newFarPager(w), -1, 0}
	w.env.SetManager(next.begin)
	w.env.sweep(pages/2, 10*pages)
	next.step(t)
	w.env.SetManager(nil)
	m.Destroy()
	for len(g.queue)+len(next.queue) != 0 {
		g.work(1)
		next.step(t)
	}
	g.step(t)
	for x := range w.env.Externals {
		t.Fatalf("after %d things a manager keeps %d pages that nobody has", k, x.Kept())
	}
	return lost, told, !g.dead
}

// Pages that nobody took while there was no manager go to the next one, at once.
func TestExternalAfterNone(t *testing.T) {
	w := newWorld(1 << 20)
	const pages = 40
	w.filled(t, pages, 0)
	g := &mortal{newFarPager(w), 0, 0}
	w.env.SetManager(g.begin)
	w.env.sweep(1, 10*pages)
	g.step(t)
	for range 5 { // there is nobody
		w.env.pageOut()
	}
	next := newFarPager(w)
	w.env.SetManager(next.begin)
	if w.env.resting != 0 {
		t.Fatal("page-out rests")
	}
	for range 3 {
		w.env.pageOut()
	}
	if next.x == nil || next.x.Kept() < outBatch {
		t.Fatal("nothing goes to the next manager")
	}
	w.check(t)
}
