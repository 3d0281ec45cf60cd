// What the peer's program knows of Linux on x86-64: system calls by number, and no C library.
// Numbers and layouts: Linux 6.1, arch/x86/entry/syscalls/syscall_64.tbl and include/uapi.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long s64;

enum { PAGE = 4096 };

enum {
	SYS_READ = 0, SYS_WRITE = 1, SYS_OPEN = 2, SYS_CLOSE = 3, SYS_MMAP = 9, SYS_MPROTECT = 10, SYS_MUNMAP = 11, SYS_IOCTL = 16,
	SYS_PIPE = 22, SYS_MADVISE = 28, SYS_FORK = 57, SYS_EXIT = 60, SYS_WAIT4 = 61, SYS_FTRUNCATE = 77, SYS_MKDIR = 83, SYS_SYSINFO = 99,
	SYS_GETPPID = 110, SYS_SETRLIMIT = 160, SYS_MOUNT = 165, SYS_SWAPON = 167, SYS_IOPL = 172, SYS_FUTEX = 202, SYS_FINIT_MODULE = 313,
	SYS_MEMFD_CREATE = 319, SYS_USERFAULTFD = 323
};

enum { PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20, MAP_NORESERVE = 0x4000, MAP_POPULATE = 0x8000 };
enum { MFD_HUGETLB = 4, MADV_NOHUGEPAGE = 15, FUTEX_WAIT = 0, FUTEX_WAKE = 1, RLIMIT_NOFILE = 7, O_RDONLY = 0, O_WRONLY = 1, ENOMEM = 12 };

static inline s64 call6(s64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	register u64 r10 asm("r10") = d, r8 asm("r8") = e, r9 asm("r9") = f;
	s64 ret;
	asm volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return ret;
}

static inline s64 call4(s64 nr, u64 a, u64 b, u64 c, u64 d)
{
	register u64 r10 asm("r10") = d;
	s64 ret;
	asm volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return ret;
}

static inline s64 call3(s64 nr, u64 a, u64 b, u64 c)
{
	s64 ret;
	asm volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}

static inline s64 call1(s64 nr, u64 a)
{
	s64 ret;
	asm volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a) : "rcx", "r11", "memory");
	return ret;
}

static inline u64 ticks(void)
{
	u32 low, high;
	asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

static inline void copy(void *to, const void *from, u64 n)
{
	n /= 8;
	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}
