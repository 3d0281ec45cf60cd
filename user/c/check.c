#include "check.h"

static long checks, wrong, group;

void is(const char *what, long got, long want)
{
	checks++;
	group++;
	if (got == want)
		return;
	wrong++;
	print("%s: %s: got %x, want %x\n", program, what, got, want);
}

void done(const char *name)
{
	print("%s: %s: %d checks\n", program, name, group);
	group = 0;
}

int all_right(void)
{
	if (wrong != 0) {
		print("%s: %d of %d checks are wrong\n", program, wrong, checks);
		return 1;
	}
	print("%s: %d checks, all right\n", program, checks);
	return 0;
}

mach_port_t named(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i], *n = name;
		while (*n && *a == *n)
			a++, n++;
		if (*n == 0) {
			mach_port_t v = 0;
			while (*a >= '0' && *a <= '9')
				v = 10 * v + (*a++ - '0');
			return v;
		}
	}
	print("%s: %s... is missing\n", program, name);
	leave(2);
}
