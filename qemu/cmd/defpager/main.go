// Command defpager boots the image in QEMU for the make targets: it does the main job, checks what the guest says, leaves the user at the
// guest's prompt, measures, and says what the machine lacks.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"defpager/qemu"

	"golang.org/x/term"
)

const usage = `usage: defpager COMMAND [OPTIONS]

  run      do the main job with -file, then leave the guest's prompt
  demo     do the main job, power off, print one line "sha256 TASK HEX" for each task; exit 0 only if all agree with the host
  bench    measure the guest's operations in instructions, and Linux's beside them
  bench-check     compare the most important figures with docs/bench/baseline.tsv; fail where one has grown
  bench-baseline  write that file anew
  profile  count the instructions of one row of bench by kernel function (-row), and draw a flame graph
  pgo      count the calls that the rows of bench make, for the compiler, in boot/calls.pgo; the image was built without that file
  doctor   print what this machine has, and the fix for what it lacks
  setup    install what is missing (-all: for every target), with apt-get
  gdb      start the main job stopped, with gdb attached (arguments go to gdb)
  list     print the command lines of the main job's modules and of all programs, for a CD image
  args     print QEMU's command line, one argument a line

Options may also come from the environment: FILE, MODULES, MACHINE, CPU, MEM, SMP, ACCEL, DISK, APPEND, and V, ROW, TSV, QUICK. COMMAND -h lists them.
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	switch os.Args[1] {
	case "help", "-h", "-help", "--help":
		fmt.Print(usage)
		return
	}
	// Who reads our output may leave before we have cleaned up: a write fails then, and does not end us.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, os.Args[1], os.Args[2:])
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case interrupted:
		fmt.Fprintln(os.Stderr, "interrupted")
		os.Exit(130)
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		fmt.Fprintf(os.Stderr, "defpager %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command string, args []string) error {
	flags := flag.NewFlagSet("defpager "+command, flag.ContinueOnError)
	job := qemu.Job{Output: os.Stdout, Notes: os.Stderr}
	job.Machine.Flags(flags)
	flags.StringVar(&job.Machine.Append, "append", os.Getenv("APPEND"), "more words for the kernel's command line, such as trace")
	diskFile := flags.String("disk", os.Getenv("DISK"), "a virtio disk for the guest: a raw file, or the size of a new one that is removed at the end")
	flags.StringVar(&job.File, "file", os.Getenv("FILE"), "the file of the main job")
	flags.StringVar(&job.Modules, "modules", os.Getenv("MODULES"), "programs to boot instead of the main job, with arguments: PATH ARGS,PATH ARGS")
	flags.StringVar(&job.Programs, "programs", "build/user", "directory of the ring-3 programs")
	flags.DurationVar(&job.Quiet, "quiet", time.Minute, "how long the guest may print nothing before it counts as stuck")
	verbose := flags.Bool("v", os.Getenv("V") != "", "demo: show everything that the guest prints")
	row := flags.String("row", cmp.Or(os.Getenv("ROW"), "kernel-rpc"), "profile: the operation, as bench names it, or a short name")
	tsv := flags.String("tsv", os.Getenv("TSV"), "bench: write one line a row to this file")
	cache := flags.String("cache", "build/peer", "bench: directory of the peer's kernel and program")
	dir := flags.String("dir", "docs/bench", "bench: directory that gets all figures, a table and plots")
	quick := flags.Bool("quick", os.Getenv("QUICK") != "", "bench: leave out wall time and the plots, and write no files but that of -tsv")
	pairs := flags.Int("pairs", 5, "bench: how many times each system is booted for wall time; 0 leaves that out")
	all := flags.Bool("all", false, "setup: also what only some targets need")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 0 && command != "gdb" {
		return fmt.Errorf("%q: no such argument; -h lists the options", flags.Arg(0))
	}
	if job.File == "" && job.Modules == "" {
		job.File = "README.md"
	}
	if *diskFile != "" {
		path, remove, err := qemu.MakeDisk(*diskFile)
		if err != nil {
			return err
		}
		defer remove()
		job.Machine.Disks = []string{path}
	}
	defer keepTerminal()()
	switch command {
	case "run":
		return job.Run(ctx, term.IsTerminal(int(os.Stdin.Fd())))
	case "demo":
		if !*verbose && job.Modules == "" {
			job.Output = nil
		}
		return job.Demo(ctx, os.Stdout)
	case "bench":
		b := qemu.Bench{Machine: job.Machine, Programs: job.Programs, Cache: *cache, File: job.File, TSV: *tsv, Dir: *dir, Quick: *quick, Pairs: *pairs, Notes: os.Stderr}
		return b.Run(ctx, os.Stdout)
	case "bench-check", "bench-baseline":
		b := qemu.Bench{Machine: job.Machine, Programs: job.Programs}
		return b.CheckBaseline(ctx, "docs/bench/baseline.tsv", command == "bench-baseline", os.Stdout)
	case "profile":
		return qemu.Profile(ctx, job.Machine, job.Programs, job.File, *row, "build/profile", os.Stdout)
	case "pgo":
		return qemu.CountCalls(ctx, job.Machine, job.Programs, "boot/calls.pgo", os.Stderr)
	case "doctor":
		return qemu.Doctor(ctx, os.Stdout, &job.Machine)
	case "setup":
		return qemu.Setup(ctx, os.Stderr, *all)
	case "gdb":
		return job.Debug(ctx, flags.Args())
	case "list":
		programs, err := qemu.Programs(job.Programs)
		if err != nil {
			return err
		}
		return printLines(qemu.ListLines(programs))
	case "args":
		if err := job.Machine.Check(); err != nil {
			return err
		}
		return printLines(append([]string{qemu.Program}, job.Machine.Args()...))
	}
	fmt.Fprint(os.Stderr, usage)
	return fmt.Errorf("no command %q", command)
}

// printLines prints lines that other programs read.
func printLines(lines []string) error {
	_, err := fmt.Println(strings.Join(lines, "\n"))
	return err
}

// keepTerminal returns a function that makes the terminal what it is now: QEMU, which changes it, may be killed before it can.
func keepTerminal() func() {
	fd := int(os.Stdin.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return func() {}
	}
	return func() { _ = term.Restore(fd, state) }
}
