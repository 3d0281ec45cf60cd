// The entry stub: from a loader's 32-bit jump to Go.
//
// Loaders come in by two doors, PVH (QEMU -kernel, other virtual machine monitors) and multiboot2 (GRUB). Both leave the
// processor in 32-bit protected mode without paging, with flat segments, and EBX pointing to the loader's own structure. The
// stub writes one record for both (boot/image reads it), maps the first 4 GiB as they are, enters 64-bit mode, installs
// handlers that can at least report a fault, and jumps to Go with DI = record.
//
// Other processors never start: nobody sends them the start-up message.

// Which loader came; package boot/info knows the same numbers.
#define LOADER_PVH		1
#define LOADER_MULTIBOOT2	2

#define MULTIBOOT2_MAGIC	0xe85250d6	// Multiboot2 specification 1.6, 3.1.2
#define MULTIBOOT2_LOADED	0x36d76289	// 3.2
#define XEN_PHYS32_ENTRY	18		// Xen, include/public/elfnote.h

#define STACK_SIZE		(128 << 10)	// the runtime takes 64 KiB of it for its first g0
#define DEVICES			0xfe000000	// from here to 4 GiB: I/O APIC, local APIC, flash; not cached

#define SERIAL			0x3f8
#define DEBUG_EXIT		0xf4

// ---- for the loaders ----

	.section .note.pvh, "a", @note
	.balign 4
	.long	4, 8, XEN_PHYS32_ENTRY
	.asciz	"Xen"
	.quad	pvh_entry

	.section .stub.head, "a", @progbits
	.balign 8
mb2_header:
	.long	MULTIBOOT2_MAGIC, 0, mb2_end - mb2_header
	.long	-(MULTIBOOT2_MAGIC + mb2_end - mb2_header)
	.short	6, 0			// tag: modules start at pages
	.long	8
	.short	5, 1			// tag: a screen, if there is one; any size, 32 bits a pixel (3.1.10)
	.long	20, 0, 0, 32
	.balign 8
	.short	0, 0			// end of tags
	.long	8
mb2_end:

// ---- 32-bit mode ----

	.section .stub.text, "ax", @progbits
	.code32
	.globl	multiboot2_entry
pvh_entry:
	movl	$LOADER_PVH, %edi
	jmp	loaded
multiboot2_entry:
	movl	$LOADER_MULTIBOOT2, %edi
	cmpl	$MULTIBOOT2_LOADED, %eax
	je	loaded
	xorl	%edi, %edi		// an unknown loader: Go says so
loaded:
	cli
	cld
	movl	%edi, record_loader
	movl	%ebx, record_info
	rdtsc
	movl	%eax, record_tsc
	movl	%edx, record_tsc + 4
	movl	$stack_top, %esp

	// SeaBIOS leaves the timer's interrupt on, at the vector of the double fault.
	movb	$0xff, %al
	outb	%al, $0x21
	outb	%al, $0xa1

	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	btl	$29, %edx
	jnc	no_long_mode

	// Page tables: 4 GiB in pages of 2 MiB, but the first 2 MiB in pages of 4 KiB, so that page 0 can be read-only: loaders
	// leave their memory map there, and a write through a nil pointer still faults.
	movl	$pdpt + 3, pml4		// 3: present, writable
	movl	$pd + 3, %eax
	movl	$pdpt, %edi
	movl	$4, %ecx
1:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$4096, %eax
	loop	1b

	movl	$pd, %edi
	movl	$0x83, %eax		// present, writable, 2 MiB
	movl	$2048, %ecx
1:	cmpl	$DEVICES + 0x83, %eax
	jne	2f
	orl	$0x18, %eax		// not cached: PCD, PWT
2:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	loop	1b

	movl	$pt + 3, pd
	movl	$1, pt			// present
	movl	$pt + 8, %edi
	movl	$0x1003, %eax
	movl	$511, %ecx
1:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$0x1000, %eax
	loop	1b

	movl	%cr4, %eax
	orl	$0x620, %eax		// OSXMMEXCPT, OSFXSR: Go uses SSE; PAE
	movl	%eax, %cr4
	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	// EFER
	rdmsr
	orl	$0x100, %eax		// LME
	wrmsr
	movl	%cr0, %eax
	andl	$~0x0c, %eax		// EM, TS
	orl	$0x80010023, %eax	// PG, WP, NE, MP, PE
	movl	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$8, $long_mode

no_long_mode:
	movl	$no_long_mode_text, %esi
1:	movb	(%esi), %al
	incl	%esi
	testb	%al, %al
	jz	2f
	movw	$SERIAL, %dx
	outb	%al, %dx
	jmp	1b
2:	movl	$1, %eax
	movw	$DEBUG_EXIT, %dx
	outl	%eax, %dx
3:	hlt
	jmp	3b

// ---- 64-bit mode ----

	.code64
long_mode:
	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$stack_top, %esp

	// 32 gates for exceptions, 16 bytes of code each; the others share one handler.
	movl	$idt, %edi
	movl	$exceptions, %esi
	movl	$256, %ecx
1:	movl	$interrupt, %eax
	cmpl	$256 - 32, %ecx
	cmovaq	%rsi, %rax
	addl	$16, %esi
	movw	%ax, (%rdi)		// offset 0..15
	movw	$8, 2(%rdi)		// selector
	movw	$0x8e00, 4(%rdi)	// present, interrupt gate
	shrl	$16, %eax
	movl	%eax, 6(%rdi)		// offset 16..31
	addl	$16, %edi
	loop	1b
	lidt	idt_pointer

	movl	$record, %edi
	movl	$go.entry, %eax
	jmp	*%rax

// Interrupts that arrive before the kernel has its own handlers, in the idle loop only: acknowledge.
interrupt:
	pushq	%rax
	movl	$0xfee000b0, %eax	// EOI register of the local APIC
	movl	$0, (%rax)
	popq	%rax
	iretq

// Every exception pushes an error code (0 where it has none) and its vector:
//
//	0(rsp) vector, 8 error code, 16 rip, 24 cs, 32 rflags, 40 rsp, 48 ss
	.balign 16
exceptions:
	.set	vector, 0
	.rept	32
	.balign 16
	.if	!((0x60227d00 >> vector) & 1)	// 8, 10-14, 17, 21, 29, 30 push one themselves
	pushq	$0
	.endif
	pushq	$vector
	jmp	fault
	.set	vector, vector + 1
	.endr

// A fault before the kernel has its own handlers: one line on the serial port, then the end.
fault:
	leaq	fault_text(%rip), %rsi
	call	put
	movq	0(%rsp), %rbx
	call	hex
	leaq	code_text(%rip), %rsi
	call	put
	movq	8(%rsp), %rbx
	call	hex
	leaq	rip_text(%rip), %rsi
	call	put
	movq	16(%rsp), %rbx
	call	hex
	leaq	rsp_text(%rip), %rsi
	call	put
	movq	40(%rsp), %rbx
	call	hex
	leaq	cr2_text(%rip), %rsi
	call	put
	movq	%cr2, %rbx
	call	hex
	leaq	end_text(%rip), %rsi
	call	put
	movl	$1, %eax
	movw	$DEBUG_EXIT, %dx
	outl	%eax, %dx
1:	hlt
	jmp	1b

// put writes the text at rsi. It changes al, rdx and rsi.
put:	lodsb
	testb	%al, %al
	jz	1f
	call	putc
	jmp	put
1:	ret

// hex writes rbx as 16 digits. It changes al, rbx, rcx and rdx.
hex:	movl	$16, %ecx
1:	rolq	$4, %rbx
	movb	%bl, %al
	andb	$15, %al
	addb	$'0', %al
	cmpb	$'9', %al
	jbe	2f
	addb	$'a' - '9' - 1, %al
2:	call	putc
	loop	1b
	ret

// putc writes al when the port can take it. It changes rdx.
putc:	pushq	%rax
	movw	$SERIAL + 5, %dx
1:	inb	%dx, %al
	testb	$0x20, %al
	jz	1b
	popq	%rax
	movw	$SERIAL, %dx
	outb	%al, %dx
	ret

	.section .stub.data, "aw", @progbits
	.balign 8
gdt:	.quad	0
	.quad	0x00209a0000000000	// 0x08: 64-bit code
	.quad	0x0000920000000000	// 0x10: data
gdt_pointer:
	.short	. - gdt - 1
	.quad	gdt
idt_pointer:
	.short	256 * 16 - 1
	.quad	idt

	.balign 8
record:					// image.Record
	.ascii	"defpager"
record_loader:
	.quad	0
record_info:
	.quad	0
record_tsc:
	.quad	0
	.quad	stub_start, stub_end
	.quad	text_start, text_end
	.quad	rodata_start, rodata_end
	.quad	data_start, data_end
	.quad	pml4
	.quad	stack_bottom

no_long_mode_text:
	.asciz	"defpager: this processor has no 64-bit mode\r\n"
fault_text:
	.asciz	"\r\ndefpager: exception "
code_text:
	.asciz	" code "
rip_text:
	.asciz	" rip "
rsp_text:
	.asciz	" rsp "
cr2_text:
	.asciz	" cr2 "
end_text:
	.asciz	" before the kernel's own handlers\r\n"

	.section .stub.bss, "aw", @nobits
	.balign 4096
pml4:	.skip	4096
pdpt:	.skip	4096
pd:	.skip	4 * 4096
pt:	.skip	4096
idt:	.skip	256 * 16
	.skip	4096			// guard
stack_bottom:
	.skip	STACK_SIZE
stack_top:

	.section .note.GNU-stack, "", @progbits
