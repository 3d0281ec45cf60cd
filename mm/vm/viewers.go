package vm

import (
	"fmt"

	"defpager/mach"
)

// viewers are those that see pages of an object: its mappings, or the objects whose shadow it is. Each of them covers a run of the object's pages.
// They form a treap by their first page, each node of which knows how far the runs below it reach: so those that cover a page are found in a time that
// grows with their number, and else with the logarithm of how many there are in all, whatever other pages these cover.
//
// An object above that has a page of its own covers it still, and is found in vain. That is no more work than the pages there are: each of them is
// one that the page-out looks at too, and a page goes to its copies once.
//
// The tree takes no memory: a node is part of what it stands for.
type viewers[T any] struct{ root *interval[T] }

// interval is the run of pages [first, end) that one covers. It may be empty.
type interval[T any] struct {
	of         *T // what covers them; set once
	first, end mach.PageNumber
	reach      mach.PageNumber // the largest end, here and below

	links[interval[T]]
	priority uint32 // no node has a smaller one than its parent
}

// add puts s, which is in no tree, into x, with the pages [first, end).
func (x *viewers[T]) add(s *interval[T], first, end mach.PageNumber, env *Env) {
	s.first, s.end, s.reach = first, end, end
	if x.root == nil {
		x.root = s // whatever its priority is: one by itself, which is what most objects have, costs next to nothing
	} else {
		x.insert(s, env)
	}
}

// insert is add where there are others.
func (x *viewers[T]) insert(s *interval[T], env *Env) {
	first, end, at := s.first, s.end, x.root
	for {
		at.reach = max(at.reach, end)
		next := &at.right
		if first < at.first {
			next = &at.left
		}
		if *next == nil {
			*next, s.parent = s, at
			break
		}
		at = *next
	}
	env.random = shuffle(env.random)
	s.priority = env.random
	for s.parent != nil && s.priority < s.parent.priority {
		x.lift(s)
	}
}

// remove takes s out of x.
func (x *viewers[T]) remove(s *interval[T]) {
	if x.root == s && s.left == nil && s.right == nil {
		x.root = nil
		return
	}
	x.delete(s)
}

// delete is remove where there are others.
func (x *viewers[T]) delete(s *interval[T]) {
	for s.left != nil || s.right != nil {
		up := s.left
		if up == nil || s.right != nil && s.right.priority < up.priority {
			up = s.right
		}
		x.lift(up)
	}
	p := s.parent
	if p.left == s {
		p.left = nil
	} else {
		p.right = nil
	}
	s.parent = nil
	if s.end > p.end {
		p.fix()
	}
}

// extend changes where the run of s ends.
func (s *interval[T]) extend(end mach.PageNumber) {
	s.end = end
	s.fix()
}

// fix computes reach anew from s to the root, as far as it changes.
func (s *interval[T]) fix() {
	for ; s != nil; s = s.parent {
		r := s.furthest()
		if r == s.reach {
			return
		}
		s.reach = r
	}
}

// furthest is the largest end at s and below.
func (s *interval[T]) furthest() mach.PageNumber {
	r := s.end
	if s.left != nil {
		r = max(r, s.left.reach)
	}
	if s.right != nil {
		r = max(r, s.right.reach)
	}
	return r
}

// lift rotates s above its parent.
func (x *viewers[T]) lift(s *interval[T]) {
	p := s.parent
	var above *links[interval[T]]
	if p.parent != nil {
		above = &p.parent.links
	}
	if moved := s.links.lift(s, &p.links, above, &x.root); moved != nil {
		moved.parent = p
	}
	s.reach = p.reach
	p.reach = p.furthest()
}

// Those that cover any of the pages [from, to) are found by their first page, in order:
//
//	for s := x.over(from, to); s != nil; s = s.next(from, to) {
//
// The tree must not change meanwhile.

// at is the first that covers page n.
func (x *viewers[T]) at(n mach.PageNumber) *interval[T] { return x.over(n, n+1) }

// after is the next that covers page n.
func (s *interval[T]) after(n mach.PageNumber) *interval[T] { return s.next(n, n+1) }

// over is the first that covers any of the pages [from, to).
func (x *viewers[T]) over(from, to mach.PageNumber) *interval[T] {
	s := x.root
	if s == nil || s.reach <= from {
		return nil
	}
	return s.lowest(from, to)
}

// next is the one after s.
func (s *interval[T]) next(from, to mach.PageNumber) *interval[T] {
	if s.right == nil && s.parent == nil {
		return nil
	}
	return s.onward(from, to)
}

func (s *interval[T]) onward(from, to mach.PageNumber) *interval[T] {
	for {
		if r := s.right; r != nil && r.reach > from {
			return r.lowest(from, to)
		}
		for p := s.parent; ; s, p = p, p.parent {
			if p == nil {
				return nil
			}
			if p.left == s {
				s = p
				break
			}
		}
		if s.first >= to {
			return nil
		}
		if s.end > from {
			return s
		}
	}
}

// lowest is the first at s and below. Some run there ends behind from: if it begins too late, so do all that come later.
func (s *interval[T]) lowest(from, to mach.PageNumber) *interval[T] {
	for {
		switch {
		case s.left != nil && s.left.reach > from:
			s = s.left
		case s.first >= to:
			return nil
		case s.end > from:
			return s
		default:
			s = s.right // not nil: its reach is that of s
		}
	}
}

// check verifies the tree, and calls f with each node in order.
func (x *viewers[T]) check(f func(*interval[T]) error) error {
	var last *interval[T]
	var walk func(s, parent *interval[T]) error
	walk = func(s, parent *interval[T]) error {
		if s == nil {
			return nil
		}
		if s.parent != parent || parent != nil && s.priority < parent.priority || s.reach != s.furthest() {
			return fmt.Errorf("a span of pages %d to %d is linked wrongly, or reaches %d", s.first, s.end, s.reach)
		}
		if err := walk(s.left, s); err != nil {
			return err
		}
		if last != nil && last.first > s.first {
			return fmt.Errorf("a span from page %d on is behind one from page %d on", s.first, last.first)
		}
		last = s
		if err := f(s); err != nil {
			return err
		}
		return walk(s.right, s)
	}
	return walk(x.root, nil)
}
