// Package vm keeps tasks' address spaces: maps, memory objects, copy-on-write and page faults. It is Mach's model with
// Mach's names (CMU Mach 3 Kernel Interfaces, chapter 4; GNU Mach's vm directory for the vocabulary).
//
// A Map is a sorted set of entries; an entry maps a range of addresses to a range of a memory Object; an object owns the
// frames of its resident pages. Page tables (mm/pmap) only cache what maps and objects say: a fault looks the page up and
// enters it, and everything that takes a page away or protects it goes through the object's tree of mappings (viewers).
//
// Copy-on-write has Mach's two forms, because one alone is either wrong or slow:
//
//   - Symmetric, for private memory: source and copy map the same object, both entries marked needsCopy. The first write
//     through either puts a shadow object between entry and object; the shadow receives the pages that are written.
//   - Delayed, for objects that several tasks may write (inherited shared, or named by a port): a copy object C is
//     hung on the object O (O.copy = C, C.shadow = O). Before a page of O is written, its old contents are pushed into C.
//
// When an object has no mapping and no holder left and one shadow alone sees it, the two collapse into one, so that
// chains are as long as the copies that live, not as the history of copies.
//
// Invariants (Check): a frame belongs to one object and one page of it; a page-table entry never grants more than its map
// entry, and shows the frame that a fault would find; a page that can be seen through a needsCopy entry, or through an
// object above its own, is mapped writable nowhere.
//
// Precondition of everything in this package: the caller holds the kernel lock. Nothing blocks. Faults, and mapping and
// unmapping in steady state, allocate nothing on the Go heap: entries and objects are pooled, and the radix trees that
// hold an object's pages live in frames of their own.
package vm
