package vm

import "fmt"

// trace prints what happens to an object. Callers ask whether Env.Trace is set: arguments cost.
func (o *Object) trace(format string, args ...any) {
	o.env.Trace(fmt.Sprintf("object %d: ", o.id) + fmt.Sprintf(format, args...))
}
