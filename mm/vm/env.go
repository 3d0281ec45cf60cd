package vm

import (
	"defpager/board"
	"defpager/board/slab"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/mm/pmap"
)

// entriesPerFrame is how many map entries there may be for each frame of the machine: all of them take a quarter of the memory at most.
const entriesPerFrame = 4

// Env is what all maps and objects of one kernel share: the machine's memory, and the pools. Fill in the exported
// fields, use it by pointer, and do not copy it after the first map or object was made.
type Env struct {
	Mem    board.Memory
	Frames *frame.Allocator
	Pmap   *pmap.Env

	// MaxEntries and MaxObjects bound what tasks can make the kernel keep by cutting their spaces into pieces. 0: a bound that fits the
	// amount of memory. Beyond it: ResourceShortage.
	MaxEntries, MaxObjects int

	nodes    nodePool
	wired    uint64 // bytes that are wired in all maps
	counters Counters

	pool objectPool

	maps       *Map
	listMax    int // entries that a map has at most without a tree; once made, the tree stays
	entries    slab.Pool[Entry]
	random     uint32 // what balances the indexes of objects
	entryCount int
	spares     map[*Entry]bool // entries that lie on Go's heap
	stock      stock

	// MaxManaged bounds the managed objects, which lie on Go's heap, and cost ports and requests besides. 0: an eighth of MaxObjects, and
	// 2^14 at most.
	MaxManaged int
	// Wake ends the wait of w. It may not call back into this package, but for Waited. nil if nobody ever waits.
	Wake func(w *Waiter)

	// Backing keeps pages that are paged out; nil: nobody does, unless a manager is set (SetManager).
	Backing Backing

	// Trace prints a line about what faults, copies and page-out do to objects; nil: nothing is printed.
	Trace func(line string)

	paging waitQueue // for pages that the backing has, and for frames
	hand   hand
	held   held

	pressed uint // ticks for which page-out counts as going on

	newExternal func() *External // makes external; nil: pages go to the Backing
	external    *External        // where pages go
	apart       bool             // but to the Backing while this is set: see Map.resolveShort
	externals   [maxExternals]*External
	patience    int               // ticks for which frames of external's manager are still waited for
	staying     mach.PageNumber   // see Copy.Stay
	spare       frame.Reservation // frames for maps that are kept resident, when there are no others

	resting uint // ticks until page-out is tried again that found nothing
	rests   uint // how often in a row it found nothing

	timed          int  // waiters that have an object
	strict         bool // there is, or was, an account with a limit of what may be out
	wanted         wanted
	work, lastWork *pagerState // for Settle
	late           *pagerState // for Settle after the next Tick
	newest, oldest *pagerState // objects that stay though nobody maps them
	cachedCount    int
	managedCount   int

	lowWater mach.PageNumber // fewer unpromised frames than this: nothing is filled ahead of need
}

// Counters are the events of vm_statistics since the start.
type Counters struct {
	Faults     uint64 // page faults that Map.Fault was asked to resolve
	ZeroFills  uint64 // pages filled with zeros
	CopyFaults uint64 // pages copied because of a write to a copy-on-write page
	Lookups    uint64 // pages that a fault looked for in an object
	Hits       uint64 // pages that it found resident in the first object
	PageIns    uint64 // pages that came back from the backing
	PageOuts   uint64 // pages that went to it
	// Reactivations are pages that the page-out left where they are, as they had been used.
	Reactivations uint64
}

// Counters is a snapshot of the counters.
func (env *Env) Counters() Counters { return env.counters }

// NodeFrames is the number of frames that hold map entries, objects, and the radix trees of these.
func (env *Env) NodeFrames() mach.PageNumber {
	return mach.PageNumber(env.nodes.held) + env.entries.Frames() + env.objectFrames()
}

// Counters are the events of this map: faults, zero fills, copies, and of memory without a manager the page-ins and page-outs. A page-out
// counts in every map that sees the page; a page-in in the one whose fault brought it. The other counters are 0.
func (m *Map) Counters() Counters { return m.counters }

// init prepares the pools at the first use. It fails with ResourceShortage only.
func (env *Env) init() error {
	if env.nodes.frames != nil {
		return nil
	}
	return env.start()
}

func (env *Env) start() error {
	r, err := env.Frames.Reserve(0)
	if err != nil {
		return err
	}
	env.nodes = nodePool{mem: &env.Mem, frames: env.Frames, reserve: r}
	env.random = 0x9e3779b9
	env.listMax = listMax
	source := &slab.Source{Mem: env.Mem, Frames: env.Frames}
	env.entries = slab.New[Entry](source)
	env.pool.plain, env.pool.rests, env.pool.none = slab.New[Object](source), slab.New[rest](source), rest{env: env, max: mach.ProtAll}
	env.entries.Hold()
	env.pool.plain.Hold()
	total := int(env.Frames.Stats().Total)
	if env.MaxEntries == 0 {
		env.MaxEntries = max(total*entriesPerFrame, 1<<14)
	}
	if env.MaxObjects == 0 {
		env.MaxObjects = max(total, 1<<14) // a thirtieth of the memory or so
	}
	if env.MaxManaged == 0 {
		env.MaxManaged = min(max(env.MaxObjects/8, 1), 1<<14)
	}
	if env.Wake == nil {
		env.Wake = func(*Waiter) {}
	}
	env.lowWater = mach.PageNumber(total / 64)
	return nil
}

// plenty reports whether frames may be spent on pages that nobody has asked for yet.
func (env *Env) plenty() bool {
	s := env.Frames.Stats()
	return s.Free-s.Reserved > env.lowWater
}
