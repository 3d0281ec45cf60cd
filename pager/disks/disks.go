// Package disks puts the machine's disks to use as paging storage: as a whole, or runs of their blocks. It is what stands behind the default
// pager's calls and the kernel's command line.
//
// Precondition of everything: the caller holds the kernel lock.
package disks

import (
	"errors"
	"io"

	"defpager/board"
	"defpager/board/disk"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/pager/backing"
	"defpager/pager/store"
)

// Errors of Add.
var (
	ErrNoDisk = errors.New("there is no such disk")
	ErrInUse  = errors.New("the blocks are paging storage already, or somebody reads or writes the disk")
)

// Config is what Disks are made of.
type Config struct {
	Mem    board.Memory
	Frames *frame.Allocator
	Random io.Reader    // for keys
	Now    func() int64 // a clock, in nanoseconds, by which store.New chooses ciphers; nil: it looks at the processor
	// Busy reports whether somebody else's transfers of a disk are not done yet; nil: nobody else uses any.
	Busy func(disk string) bool
	// MakeRoom pages out until so many frames are free, or there is nothing left that can be paged out; nil: nobody can.
	MakeRoom func(frames mach.PageNumber)
	// Begin makes the backing when the first storage is added.
	Begin func() (*backing.Backing, error)
}

// Disks are what there is to page to.
type Disks struct {
	config  Config
	backing *backing.Backing // nil: nothing is paged out
	known   []disk.Disk
}

// New makes Disks without any.
func New(c Config) *Disks { return &Disks{config: c} }

// Know adds a disk that may be used.
func (s *Disks) Know(d disk.Disk) { s.known = append(s.known, d) }

// Spoil has a disk go wrong, for tests. It is not in use yet.
func (s *Disks) Spoil(name string, f disk.Faults) {
	for i, d := range s.known {
		if d.Name() == name {
			s.known[i] = disk.NewFaulty(d, f)
		}
	}
}

// Known are the disks that may be used.
func (s *Disks) Known() []disk.Disk { return s.known }

// Backing is what pages out; nil: nothing is paged out.
func (s *Disks) Backing() *backing.Backing { return s.backing }

// Begin begins to page out, if only to compressed memory.
func (s *Disks) Begin() error {
	if s.backing != nil {
		return nil
	}
	b, err := s.config.Begin()
	if err == nil {
		s.backing = b
	}
	return err
}

// Add makes runs of a disk paging storage of a name of its own; without runs all of the disk, under the disk's name if there is no other. Whatever
// the blocks hold is lost. Errors: ErrNoDisk, ErrInUse, disk.ErrRange, backing.ErrKnown, backing.ErrTooMany, ResourceShortage.
func (s *Disks) Add(of, name string, runs []store.Run) error {
	d := s.find(of)
	if d == nil {
		return ErrNoDisk
	}
	if s.config.Busy != nil && s.config.Busy(of) {
		return ErrInUse
	}
	if runs == nil {
		runs = []store.Run{{Blocks: d.Blocks()}}
	}
	if err := store.Valid(d, runs); err != nil {
		return err
	}
	if name == "" {
		name = of
	}
	if err := s.Begin(); err != nil {
		return err
	}
	for a := range s.backing.Areas {
		if a.Name() == name {
			return backing.ErrKnown
		}
		for _, r := range runs {
			if a, ok := a.(*store.Area); ok && a.On(d, r) {
				return ErrInUse
			}
		}
	}
	if s.config.MakeRoom != nil {
		s.config.MakeRoom(store.Frames(runs))
	}
	a, err := store.New(store.Config{Name: name, Disk: d, Runs: runs, Mem: s.config.Mem, Frames: s.config.Frames, Random: s.config.Random, Now: s.config.Now})
	if err != nil {
		return err
	}
	if err := s.backing.AddArea(a); err != nil {
		a.Free(s.config.Frames)
		return err
	}
	return nil
}

// Uses reports whether some of a disk's blocks are paging storage.
func (s *Disks) Uses(name string) bool {
	d := s.find(name)
	if d == nil || s.backing == nil {
		return false
	}
	for a := range s.backing.Areas {
		if a, ok := a.(*store.Area); ok && a.On(d, store.Run{Blocks: d.Blocks()}) {
			return true
		}
	}
	return false
}

// find is the disk of that name, nil if there is none.
func (s *Disks) find(name string) disk.Disk {
	for _, d := range s.known {
		if d.Name() == name {
			return d
		}
	}
	return nil
}

// Remove takes storage out of use. Its pages go elsewhere first; done is called when that is over, with backing.ErrFull when there is no
// room for them: the storage stays then. Errors at once: backing.ErrUnknown, backing.ErrBusy.
func (s *Disks) Remove(name string, done func(error)) error {
	if s.backing == nil {
		return backing.ErrUnknown
	}
	var area backing.Area
	for a := range s.backing.Areas {
		if a.Name() == name {
			area = a
		}
	}
	return s.backing.RemoveArea(name, func(err error) {
		if a, ok := area.(*store.Area); ok && err == nil {
			a.Free(s.config.Frames)
		}
		done(err)
	})
}

// Areas yields the storage in use.
func (s *Disks) Areas(yield func(backing.Area) bool) {
	if s.backing != nil {
		s.backing.Areas(yield)
	}
}
