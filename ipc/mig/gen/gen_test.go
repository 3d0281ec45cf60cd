package gen_test

import (
	"os"
	"testing"

	"defpager/ipc/mig/defs"
	"defpager/ipc/mig/gen"
)

// Whatever the parser takes, the generators write: Go that gofmt can read, and C.
func FuzzGenerate(f *testing.F) {
	for _, name := range []string{"../defs/testdata/features.defs", "../cmd/mig/testdata/odd.defs"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add("#define KERNEL_SERVER 1\n#define VALUE 3\n" + string(b))
	}
	f.Fuzz(func(t *testing.T, source string) {
		file, err := defs.Parse("f.defs", source, defs.Options{Open: func(string) (string, error) {
			return "type int = MACH_MSG_TYPE_INTEGER_32;\ntype port = MACH_MSG_TYPE_COPY_SEND;\n", nil
		}})
		if err != nil {
			return
		}
		if _, err := gen.Go(file, gen.GoOptions{}); err != nil {
			t.Errorf("%v of\n%s", err, source)
		}
		c := gen.NewC(file, gen.COptions{})
		_, _, _, _ = c.UserHeader(), c.User(), c.ServerHeader(), c.Server()
	})
}
