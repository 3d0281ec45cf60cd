package disks

import (
	"bytes"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"slices"
	"testing"

	"defpager/board"
	"defpager/board/disk"
	"defpager/mach"
	"defpager/mm/vm"
	"defpager/pager/backing"
	"defpager/pager/store"

	"pgregory.net/rapid"
)

// liar is a disk that answers when it likes, in any order, and may say that all is well though it has not written, wrote elsewhere, or read another block, or one
// as it was before.
type liar struct {
	disk.Disk
	mem   board.Memory
	lies  bool
	dead  bool
	r     *mathrand.Rand
	asked []*disk.Request
	old   map[disk.Block][]byte // what was there before the last write
	data  map[disk.Block][]byte
}

var errLiar = errors.New("the disk says that it failed")

func (d *liar) Start(r *disk.Request) bool {
	if len(d.asked) == 20 {
		return false
	}
	d.asked = append(d.asked, r)
	return true
}

func (d *liar) Poll() {
	asked := d.asked
	d.asked = nil
	d.r.Shuffle(len(asked), func(i, j int) { asked[i], asked[j] = asked[j], asked[i] })
	for _, r := range asked {
		if !d.dead && d.r.IntN(3) == 0 {
			d.asked = append(d.asked, r) // later
			continue
		}
		r.Done(d.transfer(r))
	}
}

func (d *liar) transfer(r *disk.Request) error {
	if d.dead {
		return errLiar
	}
	for i := range disk.Block(len(r.Data) / mach.PageSize) {
		block, page := r.First+i, r.Data[i*mach.PageSize:][:mach.PageSize]
		lie := -1
		if d.lies {
			lie = d.r.IntN(40)
		}
		if lie == 0 {
			block ^= 1
		}
		switch {
		case lie == 1 && d.r.IntN(2) == 0:
			return errLiar // a part is done
		case r.Write && lie == 2:
		case r.Write:
			d.old[block], d.data[block] = d.data[block], bytes.Clone(page)
		case lie == 3:
			copy(page, d.old[block])
		default:
			copy(page, d.data[block])
		}
		if lie == 4 {
			page[d.r.IntN(len(page))] ^= 1 << d.r.IntN(8)
		}
	}
	return nil
}

// Disks that are late and lie, storage that comes and goes meanwhile, and pages that nobody wants any more while they are on their way: a page is what it was or an
// error, and this only where a disk lied; at the end no frame and no block is left.
func TestLiars(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		taken := m.frames.Stats().Taken
		names := []string{"a", "b", "c"}
		var liars []*liar
		lies := rapid.Bool().Draw(t, "lies")
		for i, name := range names {
			d := &liar{Disk: disk.NewRAM(name, m.mem, []mach.PhysAddr{0}), mem: m.mem, lies: lies, r: mathrand.New(mathrand.NewPCG(rapid.Uint64().Draw(t, "seed"), uint64(i)))}
			d.old, d.data = map[disk.Block][]byte{}, map[disk.Block][]byte{}
			liars = append(liars, d)
			m.Know(d)
		}
		m.config.Random = rand.Reader
		if err := m.Add("a", "", nil); err != nil {
			t.Fatal(err)
		}
		model, contents := map[vm.Token][]byte{}, map[uint64][]byte{}
		seed, deaths := uint64(0), 0
		removing := map[string]bool{}
		pick := func(t *rapid.T) (vm.Token, bool) {
			list := make([]vm.Token, 0, len(model))
			for token := range model {
				list = append(list, token)
			}
			if len(list) == 0 {
				return 0, false
			}
			slices.Sort(list)
			return rapid.SampledFrom(list).Draw(t, "token"), true
		}
		got := func(t *rapid.T, token vm.Token, wait bool) {
			for range 3000 {
				f, err := m.Backing().Fetch(token)
				switch {
				case err == vm.Wait && !wait:
					return
				case err == vm.Wait:
					m.Backing().Poll()
					continue
				case mach.Code(err) == mach.ResourceShortage:
					return
				case err == nil && !bytes.Equal(m.mem.Frame(f)[:], model[token]):
					t.Fatalf("page %d is wrong", token)
				case err != nil && (mach.Code(err) != mach.MemoryError || !lies && deaths == 0):
					t.Fatal(err)
				case err != nil:
					m.Backing().Drop(token)
				default:
					m.frames.Free(f)
				}
				delete(model, token)
				return
			}
			t.Fatalf("page %d does not come", token)
		}
		t.Repeat(map[string]func(*rapid.T){
			"store": func(t *rapid.T) {
				for range rapid.IntRange(1, 60).Draw(t, "pages") {
					f, err := m.frames.AllocDirty()
					if err != nil {
						return
					}
					seed++
					data := contents[seed%300]
					if data == nil {
						data = noise(seed % 300)
						if seed%4 == 0 {
							clear(data[1500:])
						}
						contents[seed%300] = data
					}
					copy(m.mem.Frame(f)[:], data)
					if token, ok := m.Backing().Store(f); ok {
						if model[token] != nil {
							t.Fatalf("two pages are %d", token)
						}
						model[token] = data
					} else {
						m.frames.Free(f)
					}
				}
			},
			"poll": func(t *rapid.T) {
				for range rapid.IntRange(1, 10).Draw(t, "times") {
					m.Backing().Poll()
				}
			},
			"fetch": func(t *rapid.T) {
				wait := rapid.Bool().Draw(t, "wait")
				for range rapid.IntRange(1, 20).Draw(t, "pages") {
					if token, ok := pick(t); ok {
						got(t, token, wait)
					}
				}
			},
			"drop": func(t *rapid.T) {
				for range rapid.IntRange(1, 20).Draw(t, "pages") {
					if token, ok := pick(t); ok {
						m.Backing().Drop(token)
						delete(model, token)
					}
				}
			},
			"add": func(t *rapid.T) {
				name := rapid.SampledFrom(names).Draw(t, "disk")
				runs := []store.Run{{First: 3, Blocks: 20}, {First: 40, Blocks: disk.Block(rapid.IntRange(1, 400).Draw(t, "blocks"))}}
				if err := m.Add(name, "", runs); err != nil && !errors.Is(err, backing.ErrKnown) && mach.Code(err) != mach.ResourceShortage {
					t.Fatal(err)
				}
			},
			"remove": func(t *rapid.T) {
				name := rapid.SampledFrom(names).Draw(t, "name")
				there := slices.Contains(m.names(), name)
				err := m.Remove(name, func(error) { delete(removing, name) })
				switch {
				case errors.Is(err, backing.ErrUnknown) && !there:
				case errors.Is(err, backing.ErrBusy) && removing[name]:
				case err == nil && there && !removing[name]:
					removing[name] = true
				default:
					t.Fatalf("%v; there are %v, of which go %v", err, m.names(), removing)
				}
			},
			"vanish": func(t *rapid.T) {
				if lies && rapid.IntRange(0, 9).Draw(t, "which") == 0 {
					liars[deaths%3].dead = true
					deaths++
				}
			},
			"": func(t *rapid.T) {
				if err := m.Backing().Check(); err != nil {
					t.Fatal(err)
				}
				if is := m.frames.Stats().Taken; is != m.Backing().Held()+taken {
					t.Fatalf("%d frames are taken, the backing holds %d", is, m.Backing().Held())
				}
			},
		})
		for token := range model {
			m.Backing().Drop(token)
		}
		for i := 0; len(m.names()) != 0 || m.Backing().Active(); i++ {
			for _, name := range m.names() {
				if removing[name] { // or it has answered that there is no room, as there was none
					continue
				}
				removing[name] = true
				if err := m.Remove(name, func(error) { delete(removing, name) }); err != nil {
					t.Fatal(err)
				}
			}
			if m.Backing().Poll(); i > 3000 {
				t.Fatalf("the end does not come; there are %v", m.names())
			}
		}
		if is := m.frames.Stats().Taken; is != taken {
			t.Fatalf("%d frames are taken, and were %d", is, taken)
		}
	})
}
