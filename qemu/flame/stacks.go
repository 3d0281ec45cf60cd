// Package flame counts executed instructions by function and by stack of calls, and draws the stacks.
//
// What it is given is the addresses of all instructions that ran, one by one, in order. The stacks are not sampled: they follow the calls and
// returns among the instructions. Who was already there when the record began shows when it returns. A switch from one goroutine to another is a jump
// into the middle of a function: the stack that is left is kept, and found again by the return address that somebody later goes to.
//
// Cost: a few map lookups an instruction, and memory by the number of different stacks.
package flame

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Ring3 is what instructions of programs are counted as.
const Ring3 = "(ring 3)"

// Node is a stack of functions: of the root's children, their callees and so on.
type Node struct {
	Name     string
	Self     int // instructions of the function itself
	Children []*Node

	index int
}

// Total is the instructions of the function and its callees.
func (n *Node) Total() int {
	sum := n.Self
	for _, c := range n.Children {
		sum += c.Total()
	}
	return sum
}

// child is the callee with the index, made if it is new.
func (n *Node) child(index int, name string) *Node {
	for _, c := range n.Children {
		if c.index == index {
			return c
		}
	}
	c := &Node{Name: name, index: index}
	n.Children = append(n.Children, c)
	return c
}

// frame is a call that has not returned.
type frame struct {
	function int
	returns  uint64 // where it will return to; 0: it was there when the record began
}

// ring3 is the index of the function that all programs count as.
const ring3 = -2

// suspendedMost is how many stacks of other goroutines are kept.
const suspendedMost = 64

// Counter follows the instructions.
type Counter struct {
	image     *Image
	userStart uint64

	last      instruction // plain after ring 3
	fromRing3 bool
	stack     []frame
	suspended [][]frame // the latest last

	flat  map[int]int
	root  Node
	at    *Node // of stack; nil: to be found
	total int
	stays int
}

// NewCounter makes a counter for an image whose programs live at userStart and above.
func NewCounter(image *Image, userStart uint64) *Counter {
	return &Counter{image: image, userStart: userStart, flat: map[int]int{}, root: Node{Name: "all", index: -1}}
}

// Step counts the instruction at an address, the next that ran.
func (c *Counter) Step(pc uint64) {
	c.total++
	if pc >= c.userStart {
		c.fromRing3, c.last = true, instruction{}
		c.flat[ring3]++
		c.root.child(ring3, Ring3).Self++
		return
	}
	index, first := c.image.at(pc)
	if c.fromRing3 {
		c.stays++
	}
	c.follow(pc, index, first)
	c.last, c.fromRing3 = c.image.instruction(pc), false
	c.flat[index]++
	if c.at == nil {
		c.at = &c.root
		for _, f := range c.stack {
			c.at = c.at.child(f.function, c.name(f.function))
		}
	}
	c.at.Self++
}

// follow brings the stack to where pc is, which lies in the function index.
func (c *Counter) follow(pc uint64, index int, first bool) {
	switch top := len(c.stack) - 1; {
	case c.last.kind == call && top >= 0:
		c.stack = append(c.stack, frame{index, c.last.next})
	case c.last.kind == ret && top >= 0:
		c.goTo(pc, index)
	case top >= 0 && c.stack[top].function == index:
		return
	case top >= 0 && (first || c.fromRing3):
		c.stack[top].function = index // a jump to another function, which will return in place of this one
	case top >= 0 && pc == c.last.next:
		c.stack[top].function = index // a label in assembly
	default:
		c.goTo(pc, index)
	}
	c.at = nil
}

// goTo returns to pc: in this stack, in another, or in one that is new.
func (c *Counter) goTo(pc uint64, index int) {
	if to := depth(c.stack, pc); to >= 0 {
		c.stack = c.stack[:to]
		c.settle(index)
		return
	}
	if len(c.stack) == 1 && c.stack[0].returns == 0 && c.last.kind == ret {
		c.adopt(c.stack[0].function, index) // the caller of who was there first
		c.stack[0].function = index
		return
	}
	left := c.stack
	c.stack = nil
	for i := len(c.suspended) - 1; i >= 0; i-- {
		if to := depth(c.suspended[i], pc); to >= 0 {
			c.stack = c.suspended[i][:to]
			c.suspended = slices.Delete(c.suspended, i, i+1)
			break
		}
	}
	if len(left) != 0 {
		if len(c.suspended) == suspendedMost {
			c.suspended = slices.Delete(c.suspended, 0, 1)
		}
		c.suspended = append(c.suspended, left)
	}
	c.settle(index)
}

// adopt puts what was counted for a function that nobody had called below its caller, which is known now.
func (c *Counter) adopt(orphan, caller int) {
	i := slices.IndexFunc(c.root.Children, func(n *Node) bool { return n.index == orphan })
	if i < 0 || orphan == caller {
		return
	}
	n := c.root.Children[i]
	c.root.Children = slices.Delete(c.root.Children, i, i+1)
	c.root.child(caller, c.name(caller)).merge(n)
}

// merge adds a node to the children.
func (n *Node) merge(child *Node) {
	to := n.child(child.index, child.Name)
	to.Self += child.Self
	for _, c := range child.Children {
		to.merge(c)
	}
}

// settle makes the top of the stack the function index, in which execution goes on.
func (c *Counter) settle(index int) {
	if top := len(c.stack) - 1; top >= 0 {
		c.stack[top].function = index
	} else {
		c.stack = append(c.stack, frame{function: index})
	}
}

// depth is how much of a stack is left when it returns to pc; -1: it never does.
func depth(stack []frame, pc uint64) int {
	for i := len(stack) - 1; i >= 0; i-- {
		if stack[i].returns == pc {
			return i
		}
	}
	return -1
}

func (c *Counter) name(index int) string {
	switch {
	case index == ring3:
		return Ring3
	case index < 0:
		return "(unknown)"
	}
	return c.image.functions[index].name
}

// Total is how many instructions were counted.
func (c *Counter) Total() int { return c.total }

// Stays is how many times the kernel was entered from ring 3.
func (c *Counter) Stays() int { return c.stays }

// Root is the stacks, callees in order of their names.
func (c *Counter) Root() *Node {
	sortNodes(&c.root)
	return &c.root
}

func sortNodes(n *Node) {
	slices.SortFunc(n.Children, func(a, b *Node) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.index, b.index)) })
	for _, child := range n.Children {
		sortNodes(child)
	}
}

// Line is a function's part of all instructions.
type Line struct {
	Name       string
	Self, With int // instructions of its own, and with those of its callees
}

// Flat lists the functions, that with the most instructions of its own first.
func (c *Counter) Flat() []Line {
	with := map[int]int{}
	callees(&c.root, map[int]bool{}, with)
	list := make([]Line, 0, len(c.flat))
	for index, n := range c.flat {
		list = append(list, Line{c.name(index), n, with[index]})
	}
	slices.SortFunc(list, func(a, b Line) int { return cmp.Or(cmp.Compare(b.Self, a.Self), cmp.Compare(a.Name, b.Name)) })
	return list
}

// callees adds up what each function and its callees took, once where it calls itself. The answer is the total.
func callees(n *Node, open map[int]bool, with map[int]int) int {
	outermost := !open[n.index]
	open[n.index] = true
	sum := n.Self
	for _, child := range n.Children {
		sum += callees(child, open, with)
	}
	if outermost {
		delete(open, n.index)
		with[n.index] += sum
	}
	return sum
}

// Folded writes the stacks one a line, functions from the outermost on with ; between them, a space, and the instructions of the last: the
// form that other tools for flame graphs read.
func (n *Node) Folded(out io.Writer) error {
	for _, child := range n.Children {
		if err := child.folded(out, nil); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) folded(out io.Writer, above []string) error {
	path := append(slices.Clone(above), n.Name)
	if n.Self != 0 {
		if _, err := fmt.Fprintf(out, "%s %d\n", strings.Join(path, ";"), n.Self); err != nil {
			return err
		}
	}
	for _, child := range n.Children {
		if err := child.folded(out, path); err != nil {
			return err
		}
	}
	return nil
}
