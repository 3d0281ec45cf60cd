package commands

import "testing"

// The list of commands fits on a screen of 80 columns, as a PC shows it.
func TestHelpFitsOnTheScreen(t *testing.T) {
	for _, c := range new(Target).All() {
		if usage := len(c.Name + " " + c.Operands); c.AliasOf == "" && (usage > 22 || len("  ")+22+1+len(c.Help) > 80) {
			t.Errorf("%s %s: %s: %d columns and %d", c.Name, c.Operands, c.Help, usage, len(c.Help))
		}
	}
}
