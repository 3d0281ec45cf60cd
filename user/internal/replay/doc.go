// Package replay makes long random sequences of memory operations by several tasks, and knows what each must answer: a reference model of
// address spaces that keeps every page by value, without objects, shadows or page tables. The same sequence, which its seed determines, is
// carried out on the kernel's own maps under go test, and by the program replay in ring 3.
//
// Memory comes from vm_allocate, from objects of the default pager that change their size, and from objects of a memory manager that answers as
// it likes as long as the contents stay what they are. Copies of memory wait in messages and out of them.
package replay
