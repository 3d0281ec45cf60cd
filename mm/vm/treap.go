package vm

// links are a node's place in a treap: a search tree by some key whose nodes have random ranks, and none a higher one than its parent, which keeps the tree
// balanced without bookkeeping. The entries of a map form such a tree (tree.go), and so do those that see an object's pages (viewers.go). Both
// look for something else below a node, but turn it in the same way.
type links[N any] struct{ left, right, parent *N }

// lift has the node n, whose links these are, and its parent change places: n goes up, its parent becomes its child, and the order stays. p are the parent's
// links, g those of the one above, nil if the parent was the root. If a node is answered, it moved from n to the parent, and the caller sets its parent.
func (l *links[N]) lift(n *N, p, g *links[N], root **N) (moved *N) {
	parent := l.parent
	if p.left == n {
		moved = l.right
		p.left, l.right = moved, parent
	} else {
		moved = l.left
		p.right, l.left = moved, parent
	}
	l.parent, p.parent = p.parent, n
	switch {
	case g == nil:
		*root = n
	case g.left == parent:
		g.left = n
	default:
		g.right = n
	}
	return moved
}

// shuffle is the number after r in a sequence of random ones (Marsaglia's xorshift), none of which is 0 if the first is not.
func shuffle(r uint32) uint32 {
	r ^= r << 13
	r ^= r >> 17
	return r ^ r<<5
}
