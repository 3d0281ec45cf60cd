// Package backing keeps the contents of pages that have no frame: it is what the default pager does with memory that was paged out.
//
// A page goes through up to three tiers, each of which costs more and holds more than the one before:
//
//   - A page of one repeated word, mostly of zeros, is that word: the token itself, if the word is small, else in the entry that a page has in the other tiers.
//   - Compressed (LZ4), if it shrinks to half: blobs of a few sizes share frames.
//   - On disk: encrypted, with a checksum, in clusters; see package store. Pages that do not compress go there from their own frames, the oldest
//     compressed ones follow when the blobs take more than their share of the memory.
//
// A page that was read is on the disk, too, until somebody fetches it; so pages can come ahead of need, when they are asked for in order.
//
// Nothing waits: reads and writes are started, and go on when Poll finds that the disk is done. What is under way can be fetched or dropped at
// any time. Paging out never needs memory that is not there: blobs begin in frames that were set aside, buffers and operations exist from the start,
// and nothing is allocated on Go's heap.
//
// Precondition of everything: the caller holds the kernel lock.
package backing
