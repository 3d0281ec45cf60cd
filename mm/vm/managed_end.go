package vm

import (
	"fmt"

	"defpager/mach"
)

// schedule makes Settle look at the object.
func (g *pagerState) schedule() {
	if g.scheduled {
		return
	}
	g.scheduled = true
	g.work = nil
	env := g.object.env
	if env.lastWork == nil {
		env.work = g
	} else {
		env.lastWork.work = g
	}
	env.lastWork = g
}

// Pending reports whether Settle has something to do.
func (env *Env) Pending() bool { return env.work != nil || env.short() }

// Settle does what operations left over about managed objects: lock requests whose manager has room again, and the end of
// objects that nobody refers to. When frames are short it pages some out. Call it when no operation is half done.
func (env *Env) Settle() {
	for env.work != nil {
		g := env.work
		env.work = g.work
		if env.work == nil {
			env.lastWork = nil
		}
		g.scheduled = false
		if g.object != nil {
			g.settle()
		}
	}
	if env.short() {
		env.pageOut()
	}
}

func (g *pagerState) settle() {
	o := g.object
	if g.external != nil {
		g.external.settle()
	}
	if !g.runLocks() || o.Refs() != 0 {
		return
	}
	if g.persist && g.ready && !g.evict {
		g.cache()
		return
	}
	if !g.severed {
		if !g.temporary {
			r := LockRequest{Return: mach.ReturnAll, Flush: true, Lock: mach.ProtNoChange, end: maxManagedPages}
			if !o.runLock(&r) {
				return // until the manager has received some: see returned
			}
		}
	}
	g.end()
}

// end frees everything of an object to which nothing refers.
func (g *pagerState) end() {
	o := g.object
	env := o.env
	g.manager.Terminate(o)
	g.wake(env, 0, anyPage, mach.MemoryError)
	g.clearMarks()
	o.pages.clear(env, false)
	below := o.shadow
	if below != nil {
		o.unshadow()
	}
	g.object = nil
	env.managedCount--
	env.freeObject(o)
	if below != nil {
		below.dropped()
	}
}

// cache keeps an object that nobody refers to, for the next who maps it; the one that was kept longest gives way.
func (g *pagerState) cache() {
	env := g.object.env
	g.cached = true
	g.object.holders++
	g.older = env.newest
	if g.older != nil {
		g.older.newer = g
	} else {
		env.oldest = g
	}
	env.newest = g
	env.cachedCount++
	if env.cachedCount > maxCached {
		old := env.oldest
		old.evict = true
		old.uncache()
	}
}

// uncache takes the object out of the cache: if nobody refers to it, Settle ends it or caches it anew.
func (g *pagerState) uncache() {
	env := g.object.env
	g.cached = false
	if g.older != nil {
		g.older.newer = g.newer
	} else {
		env.oldest = g.newer
	}
	if g.newer != nil {
		g.newer.older = g.older
	} else {
		env.newest = g.older
	}
	g.older, g.newer = nil, nil
	env.cachedCount--
	g.object.Release()
}

// wantedAgain says that somebody is going to map the object.
func (g *pagerState) wantedAgain() {
	g.evict = false
	if g.cached {
		g.uncache()
	}
}

// dropLocks forgets all lock requests that wait. Their replies are given up by the manager's owner.
func (g *pagerState) dropLocks() {
	for r := g.locks; r != nil; r = g.locks {
		g.dropLock()
		if r.Reply != nil {
			g.manager.LockCompleted(g.object, r.Offset, r.Size, r.Reply)
		}
	}
}

// check verifies what a managed object has besides.
func (g *pagerState) check() error {
	o := g.object
	nodes := &o.env.nodes
	if err := g.marks.check(nodes); err != nil {
		return err
	}
	asked := 0
	for n := mach.PageNumber(0); ; n++ {
		at, mark, ok := g.marks.next(nodes, n)
		if !ok {
			break
		}
		if n = at; mark != markRequested && mark != markAbsent || o.pages.get(nodes, n) != 0 {
			return fmt.Errorf("page %d has the mark %d", n, mark)
		}
		if mark == markRequested {
			asked++
		}
	}
	for n := mach.PageNumber(0); ; n++ {
		at, s, ok := o.pages.next(nodes, n)
		if !ok {
			break
		}
		if n = at; s&slotAsked != 0 {
			asked++
		}
		if mach.Prot(s&slotAsked>>askedShift)&^s.lock() != 0 {
			return fmt.Errorf("page %d: asked for an access that is allowed", n)
		}
	}
	if asked != g.asked || asked > maxAsked || g.returning < 0 || g.returning > maxReturning {
		return fmt.Errorf("%d requests, counted %d; %d pieces on their way", asked, g.asked, g.returning)
	}
	for w := g.first; w != nil; w = w.next {
		if w.queue != &g.waitQueue || w.next == nil && g.last != w {
			return fmt.Errorf("the queue of waiters is broken")
		}
		if w.page != anyPage && g.marks.get(nodes, w.page) != markRequested && o.pages.get(nodes, w.page)&slotAsked == 0 {
			return fmt.Errorf("somebody waits for page %d, for which nobody was asked", w.page)
		}
	}
	if g.external != nil {
		if err := g.external.check(); err != nil {
			return err
		}
	}
	if o.Refs() == 0 && !g.scheduled && g.returning < maxReturning {
		return fmt.Errorf("lives without a reference")
	}
	return nil
}
