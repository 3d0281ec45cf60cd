package main

import (
	"fmt"
	"slices"

	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// objectMax is the most memory that an object may cost besides its pages, in bytes, with the name of the right to it.
const objectMax = 400

// life is what the parts of an object's life cost, in ticks: medians.
type life struct{ create, mapped, touch, unmapped, destroy uint64 }

// objects has the default pager make n objects of a page, and keeps them all.
func (s *scale) objects(n int, pager mach.Name) error {
	before := s.free()
	names := make([]mach.Name, 0, n)
	create := func(int) mach.Return {
		name, code := s.client.ObjectCreate(pager, mach.PageSize)
		names = append(names, name)
		return code
	}
	fewCreate, err := cost(sample, create)
	if err != nil {
		return err
	}
	few, err := s.lives(pager)
	if err != nil {
		return err
	}
	left, err := s.unpromised(pager)
	if err != nil {
		return err
	}
	for len(names) < n-sample {
		if code := create(0); code != mach.Success {
			return fmt.Errorf("object %d of %d: %w", len(names), n, code)
		}
	}
	now, err := s.unpromised(pager)
	if err != nil {
		return err
	}
	made := int64(len(names) - sample)
	each := (left-now)/made - mach.PageSize
	manyCreate, err := cost(sample, create)
	if err != nil {
		return err
	}
	many, err := s.lives(pager)
	if err != nil {
		return err
	}
	fmt.Printf("scale: %d objects: creation %s, mapping %s, touch %s, unmapping %s, destruction %s\n", len(names), flat(fewCreate, manyCreate),
		flat(few.mapped, many.mapped), flat(few.touch, many.touch), flat(few.unmapped, many.unmapped), flat(few.destroy, many.destroy))
	fmt.Printf("scale: an object among many takes %d bytes besides its page, the name of its right included\n", each)
	if each > objectMax {
		return fmt.Errorf("an object takes %d bytes, more than %d", each, objectMax)
	}
	for _, name := range names {
		if code := libmach.PortDeallocate(s.task, name); code != mach.Success {
			return code
		}
	}
	return s.back("objects", before)
}

// unpromised is how many bytes of frames are free and promised to nobody.
func (s *scale) unpromised(pager mach.Name) (int64, error) {
	info, code := wire.DefaultPagerInfo(s.client, pager)
	if code != mach.Success {
		return 0, code
	}
	return int64(info.DpiFreeSpace), nil
}

// lives measures whole lives of objects, one after the other.
func (s *scale) lives(pager mach.Name) (life, error) {
	var samples [5][]uint64
	for range sample {
		t := [6]uint64{libmach.Ticks()}
		object, code := s.client.ObjectCreate(pager, mach.PageSize)
		if code != mach.Success {
			return life{}, code
		}
		t[1] = libmach.Ticks()
		at, code := s.client.VMMap(s.task, libmach.Map{
			Size: mach.PageSize, Anywhere: true, Object: object, Cur: mach.ProtDefault, Max: mach.ProtDefault, Inherit: mach.InheritNone,
		})
		if code != mach.Success {
			return life{}, code
		}
		t[2] = libmach.Ticks()
		libmach.Memory(at, 1)[0] = 1
		t[3] = libmach.Ticks()
		if code := libmach.VMDeallocate(s.task, at, mach.PageSize); code != mach.Success {
			return life{}, code
		}
		t[4] = libmach.Ticks()
		if code := libmach.PortDeallocate(s.task, object); code != mach.Success {
			return life{}, code
		}
		t[5] = libmach.Ticks()
		for i := range samples {
			samples[i] = append(samples[i], t[i+1]-t[i])
		}
	}
	var median [5]uint64
	for i := range samples {
		slices.Sort(samples[i])
		median[i] = samples[i][sample/2]
	}
	return life{median[0], median[1], median[2], median[3], median[4]}, nil
}
