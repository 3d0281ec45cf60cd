package main

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/internal/books"
	"defpager/user/libmach"
)

// Messages between the task that asks for lists and those that change what is listed.
const (
	msgHello mach.MsgID = 200 + iota // to the first, with a right to the port of the other
	msgGo                            // to the others: change things
	msgStop                          // give all up, and answer
	msgDone                          // that answer, with the number of codes that were wrong
	msgEnd                           // to the others: end
)

// lists asks for all lists of the default pager again and again, while other tasks change what is in them.
type lists struct {
	*tester
	port   mach.Name // where the others say hello
	tasks  []mach.Name
	random *rand.Rand
	books  *books.Keeper
	mine   mach.Name // an object of this task's, whose size nobody else changes
	limit  uint64
	mineID uint64
	ids    []uint64
	sizes  []uint64
	ports  []mach.Name
	pages  []uint64
	last   int // objects in the last list
	asked  int
	seen   [seenKinds]int
	wrong  [wrongKinds]int
}

// What must have been seen.
const (
	seenGrown  = iota // more objects than there was room for, which was as much as the last list had
	seenBeside        // numbers out of line and rights not
	seenRights        // the other way round
	seenBoth
	seenInside
	seenPages   // out of line
	seenStorage // names out of line
	seenKinds
)

var seenNames = [...]string{
	"a list that grew between call and reply", "numbers beside the message, rights in it", "rights beside the message, numbers in it", "both beside it", "both in it",
	"a list of pages beside the message", "names of storage beside the message",
}

// What may be wrong.
const (
	wrongCount = iota
	wrongPlace
	wrongOrder
	wrongRight
	wrongTwice
	wrongID
	wrongSize
	wrongPages
	wrongStorage
	wrongTail
	wrongCode
	wrongKinds
)

var wrongNames = [...]string{
	"lists with not as many rights as numbers", "arrays that are not where they belong", "numbers out of order", "rights that are no live send rights", "rights that come twice",
	"rights that are not to the object of the number", "sizes that no object has", "lists of pages that no object has", "lists of storage that there is not",
	"arrays with something behind their end", "calls with another code than documented",
}

const mostPages = 300 // of an object

// askLists is the task that asks, so many times; port is where so many others say hello that change things, and kernel the kernel's own pager.
func (t *tester) askLists(port, kernel mach.Name, tasks, rounds int) {
	l := &lists{
		tester: t, port: port, random: rand.New(rand.NewPCG(1, 2)), books: books.New(t.Client, t.host, kernel),
		ids: make([]uint64, 0, 4096), sizes: make([]uint64, 0, 4096), ports: make([]mach.Name, 0, 4096), pages: make([]uint64, 0, 4096),
	}
	for range tasks {
		m, ret := libmach.Receive(t.buf, port, 0, 0)
		t.Must("mach_msg", ret)
		r := m.Reader()
		l.tasks = append(l.tasks, r.Port(mach.MsgPortSend))
	}
	var before books.Books
	var names, mapped uint64
	for _, n := range [...]int{max(rounds/4, 100), rounds} { // after the first all have the memory that they need
		l.asked = 0
		before, names, mapped = l.look()
		l.round(n)
	}
	after, namesAfter, mappedAfter := l.look()
	for i := 0; i < 50; i++ {
		if kernel != t.pager {
			after = withoutHeap(after, before)
		}
		if after.Same(before) {
			break
		}
		t.Client.Sleep(10)
		after, _, _ = l.look()
	}
	t.Is("lists that were asked for", truth(l.asked >= rounds), 1)
	for i, n := range l.seen {
		t.Holds("seen: "+seenNames[i], n != 0)
	}
	for i, n := range l.wrong {
		t.Is(wrongNames[i], uint64(n), 0)
	}
	t.Is("names of this task", namesAfter, names)
	t.Is("memory of this task", mappedAfter, mapped)
	if s := after.Differ(before); s != "" {
		fmt.Println("pagerclient:", s)
	}
	t.Holds("the books are what they were", after.Same(before))
	l.foreign(kernel)
	l.tell(msgEnd)
}

// withoutHeap is the books without what the heap of a pager in ring 3, which is a program in Go, has grown by: some pages, and page tables for them.
func withoutHeap(now, was books.Books) books.Books {
	const most, tables = 1 << 20 / page, 2
	n, t := now.Anonymous-was.Anonymous, now.PageTables-was.PageTables
	if n <= most && t <= tables {
		now.Free, now.Unpromised = now.Free+n+t, now.Unpromised+(n+t)*page
		now.Anonymous, now.PageTables = was.Anonymous, was.PageTables
	}
	return now
}

// look is the books, the names that this task has, and the bytes that it maps.
func (l *lists) look() (b books.Books, names, mapped uint64) {
	b, err := l.books.Look()
	l.Holds("the books add up", err == nil)
	names, ret := l.Client.PortCount(l.Task)
	l.Must("mach_port_names", ret)
	a, ret := wire.DefpagerTaskFigures(l.Client, l.Task, 9)
	l.Must("defpager_task_figures", ret)
	return b, names, le.Uint64(a.Data[64:])
}

func (l *lists) tell(id mach.MsgID) {
	for _, to := range l.tasks {
		w := mig.NewWriter(l.buf)
		l.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0), to, mach.NameNull, id), 0, 0))
	}
}

// round has the others change things while this task asks so many times. In the end there are no objects and no storage.
func (l *lists) round(n int) {
	l.tell(msgGo)
	l.limit = page
	l.mine = l.object(l.limit)
	a, ret := wire.DefpagerObjectFigures(l.Client, l.mine, 1)
	l.Must("defpager_object_figures", ret)
	l.mineID = le.Uint64(a.Data)
	for range n {
		l.all()
		l.storages()
		if l.random.IntN(4) == 0 {
			l.limit = l.random.Uint64N(mostPages * page)
			l.code(l.Client.ObjectSetSize(l.mine, l.limit), mach.Success, mach.ResourceShortage)
		}
		libmach.Swtch()
	}
	l.Drop(l.mine)
	l.tell(msgStop)
	for range l.tasks {
		m, ret := libmach.Receive(l.buf, l.port, 0, 0)
		l.Must("mach_msg", ret)
		r := m.Reader()
		l.Is("wrong codes in another task", uint64(r.Uint32()), 0)
	}
	l.gone()
	sizes, _, _, ret := wire.DefaultPagerStorageInfo(l.Client, l.pager)
	l.Is("storage that is left", uint64(sizes.Count)+uint64(ret), 0)
}

// code counts a code that is none of those that there may be.
func (l *lists) code(got mach.Return, may ...mach.Return) bool {
	if !slices.Contains(may, got) {
		l.wrong[wrongCode]++
		l.Say().Text(got.String())
		l.Print()
	}
	return got == mach.Success
}

func (l *lists) check(kind int, ok bool) {
	if !ok {
		l.wrong[kind]++
	}
}

// room is too little, as much as there was last time, or as much as can be.
func (l *lists) room(last int) uint32 {
	return [...]uint32{0, uint32(last / 2), uint32(last), uint32(last), 300}[l.random.IntN(5)]
}

// data is where an array's elements are.
func (l *lists) data(a mig.Array, each uint64) []byte {
	if a.OutOfLine() {
		return libmach.Memory(mach.VirtAddr(a.Pointer), each*uint64(a.Count))
	}
	return a.Data
}

// free gives back what an array has beside the message, behind whose end there must be nothing.
func (l *lists) free(a mig.Array, each uint64) {
	if !a.OutOfLine() {
		return
	}
	size := each * uint64(a.Count)
	whole := (size + mach.PageMask) &^ mach.PageMask
	for _, b := range libmach.Memory(mach.VirtAddr(a.Pointer), whole)[size:] {
		if b != 0 {
			l.wrong[wrongTail]++
			break
		}
	}
	l.Unmap(mach.VirtAddr(a.Pointer), size)
}

// all asks for all objects.
func (l *lists) all() {
	room, portRoom := l.room(l.last), l.room(l.last)
	a, b, ret := wire.DefaultPagerObjects(l.Client, l.pager, room, portRoom)
	if !l.code(ret, mach.Success, mach.ResourceShortage) {
		return
	}
	l.asked++
	// All of the message is read before the next call, which uses the same buffer.
	l.ids, l.sizes, l.ports = l.ids[:0], l.sizes[:0], l.ports[:0]
	for data := l.data(a, 16); len(data) != 0; data = data[16:] {
		l.ids, l.sizes = append(l.ids, le.Uint64(data)), append(l.sizes, le.Uint64(data[8:]))
	}
	each := 8
	if b.OutOfLine() {
		each = 4
	}
	for rights := l.data(b, 4); len(rights) != 0; rights = rights[each:] {
		l.ports = append(l.ports, mach.Name(le.Uint32(rights)))
	}
	l.check(wrongPlace, a.OutOfLine() == (a.Count > min(room, 128)) && b.OutOfLine() == (b.Count > min(portRoom, 256)))
	if room == uint32(l.last) && a.Count > room {
		l.seen[seenGrown]++
	}
	switch beside, portsBeside := a.OutOfLine(), b.OutOfLine(); {
	case beside && portsBeside:
		l.seen[seenBoth]++
	case beside:
		l.seen[seenBeside]++
	case portsBeside:
		l.seen[seenRights]++
	default:
		l.seen[seenInside]++
	}
	l.free(a, 16)
	l.free(b, 4)
	l.last = len(l.ids)
	if l.check(wrongCount, len(l.ids) == len(l.ports)); len(l.ids) == len(l.ports) {
		l.each()
	}
	l.Drop(l.ports...)
}

// each looks at all objects of the list, and at some of them closely. While this task has the rights, none of them ends.
func (l *lists) each() {
	found := false
	for i, id := range l.ids {
		l.check(wrongOrder, i == 0 || id > l.ids[i-1])
		l.check(wrongSize, l.sizes[i]%page == 0 && l.sizes[i] <= mostPages*page)
		kind, ret := l.Client.PortType(l.Task, l.ports[i])
		l.check(wrongRight, ret == mach.Success && kind == mach.TypeSend)
		if id == l.mineID {
			found = true
			l.check(wrongID, l.ports[i] == l.mine)
			l.check(wrongSize, l.sizes[i] <= mach.Pages(l.limit).Bytes())
		}
	}
	l.check(wrongID, found)
	l.contents(l.mine, l.limit)
	for range 4 {
		i := l.random.IntN(len(l.ids))
		a, ret := wire.DefpagerObjectFigures(l.Client, l.ports[i], 1)
		l.check(wrongID, ret == mach.Success && le.Uint64(a.Data) == l.ids[i])
		l.contents(l.ports[i], mostPages*page)
	}
	slices.Sort(l.ports)
	for i, name := range l.ports {
		l.check(wrongTwice, i == 0 || name != l.ports[i-1])
	}
}

// contents asks for the pages of an object that has never more than limit bytes.
func (l *lists) contents(object mach.Name, limit uint64) {
	room := l.room(len(l.pages))
	a, ret := wire.DefaultPagerObjectPages(l.Client, l.pager, object, room)
	if !l.code(ret, mach.Success, mach.ResourceShortage) {
		return
	}
	l.pages = l.pages[:0]
	for data := l.data(a, 8); len(data) != 0; data = data[8:] {
		at := le.Uint64(data)
		l.check(wrongPages, at%page == 0 && at < limit && (len(l.pages) == 0 || at > l.pages[len(l.pages)-1]))
		l.pages = append(l.pages, at)
	}
	l.check(wrongPlace, a.OutOfLine() == (a.Count > min(room, 256)))
	l.seen[seenPages] += int(truth(a.OutOfLine()))
	l.free(a, 8)
}

// storages asks for all paging storage, whose names say how many blocks it has.
func (l *lists) storages() {
	sizes, frees, names, ret := wire.DefaultPagerStorageInfo(l.Client, l.pager)
	if !l.code(ret, mach.Success, mach.ResourceShortage) {
		return
	}
	text, known := l.data(names, 1), uint64(0)
	for i := range int(min(sizes.Count, frees.Count)) {
		size, free := le.Uint64(sizes.Data[8*i:]), le.Uint64(frees.Data[8*i:])
		end := slices.Index(text, 0)
		l.check(wrongStorage, end > 2 && free <= size && free%page == 0)
		if end <= 2 {
			break
		}
		n := text[0] - 'A'
		l.check(wrongStorage, known>>n&1 == 0 && size == storageBlocks(n)*page)
		known |= 1 << n
		text = text[end+1:]
	}
	l.check(wrongStorage, sizes.Count == frees.Count && len(text) == 0)
	l.seen[seenStorage] += int(truth(names.OutOfLine()))
	l.check(wrongPlace, names.OutOfLine() == (names.Count > 2048))
	l.free(names, 1)
}

// foreign has a pager of ring 3 asked for an object of the kernel's, and the other way round: neither is one of those that it has. Then that
// pager is told to end.
func (l *lists) foreign(kernel mach.Name) {
	if kernel == l.pager {
		return
	}
	theirs, ret := wire.DefaultPagerObjectCreate(l.Client, kernel, page)
	l.Must("default_pager_object_create", ret)
	mine := l.object(page)
	_, ret = wire.DefaultPagerObjectPages(l.Client, l.pager, theirs, 10)
	l.Check("default_pager_object_pages of another pager's object", ret, mach.InvalidArgument)
	_, ret = wire.DefaultPagerObjectPages(l.Client, kernel, mine, 10)
	l.Check("the other way round", ret, mach.InvalidArgument)
	l.Drop(theirs, mine)
	w := mig.NewWriter(l.buf)
	l.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0), l.pager, mach.NameNull, 2), 0, 0))
}
