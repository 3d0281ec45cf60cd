package vm

import "defpager/mach"

// strategicCopy is an object, and a page of it, that shows the pages [first, first+n) of a managed object as they are now; it is not
// written itself: map it needsCopy at once. How it comes about is for the manager to say:
//
//	delay  a delayed copy: only the kernel changes pages, so it knows when to save them
//	none   the pages are copied at once, after all of them have come from the manager
//	call   the manager makes another memory object
//
// It fails with Wait (the manager is not ready, or pages are to come first), MemoryError and ResourceShortage.
func (o *Object) strategicCopy(first, n mach.PageNumber) (*Object, mach.PageNumber, error) {
	g := o.pager
	g.wantedAgain()
	switch {
	case !g.ready:
		return nil, 0, o.waitFor(anyPage)
	case g.crowded():
		return nil, 0, o.waitFor(anyPage)
	case g.strategy == mach.CopyDelay || g.severed: // without a manager nobody else changes pages
		c, err := o.delayedCopy()
		return c, first, err
	case g.strategy == mach.CopyCall:
		c, err := o.calledCopy(first, n)
		return c, 0, err
	}
	c, err := o.copyNow(first, n)
	return c, 0, err
}

// copyNow makes an object of its own from the pages.
func (o *Object) copyNow(first, n mach.PageNumber) (*Object, error) {
	if err := o.gather(first, n); err != nil {
		return nil, err
	}
	return o.duplicate(first, n)
}

// duplicate makes an object with copies of n of o's pages. Pages beyond o's limit fail in it as they would in o. It fails with
// ResourceShortage, and as find.
func (o *Object) duplicate(first, n mach.PageNumber) (*Object, error) {
	n = min(n, max(o.limit, first)-first)
	c, err := o.env.newObject(anonymous, n)
	if err != nil {
		return nil, err
	}
	for i := range n {
		s, owner, err := o.find(first + i)
		if err == nil && owner != nil {
			err = c.fill(i, s.frame())
		}
		if err != nil {
			c.destroy()
			return nil, err
		}
	}
	return c, nil
}

// gather asks for those of the pages that are not there, as many as may be asked for at once.
func (o *Object) gather(first, n mach.PageNumber) error {
	missing := false
	for i := range n {
		_, err := o.page(first+i, mach.ProtRead)
		switch {
		case err == Wait:
			missing = true
			if o.pager.asked >= maxAsked {
				return Wait
			}
		case err != nil:
			o.env.Forget()
			return err
		}
	}
	if missing {
		return Wait
	}
	return nil
}

// calledCopy asks the manager for another object. Of what that one's manager has not, it shows this one's pages.
func (o *Object) calledCopy(first, n mach.PageNumber) (*Object, error) {
	c, err := o.pager.manager.Copy(o, first.Bytes(), n.Bytes())
	if err != nil {
		return nil, err
	}
	c.shadowEnd = n
	c.link(o, first)
	c.holders--        // the caller maps it,
	c.pager.schedule() // or it ends
	return c, nil
}

// inherited gives page n, which the manager of a copy has not, the contents of the object that was copied; zeros beyond that.
func (o *Object) inherited(n mach.PageNumber) (mach.PhysAddr, error) {
	m, ok := o.below(n)
	if !ok {
		return 0, nil
	}
	s, _, err := o.shadow.find(m)
	return s.frame(), err
}
