package main

import (
	"testing"
	"testing/synctest"
	"time"
)

// What the kernel has no memory for is tried again less and less often, and not for ever.
func TestShortageEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var x shortage
		if !x.due() {
			t.Error("what was not tried yet is not due")
		}
		tries := 0
		start := time.Now()
		for x.again(shortageEnd) {
			tries++
			if x.due() {
				t.Fatal("it is due at once")
			}
			before := time.Now()
			for !x.due() {
				time.Sleep(shortagePause / 4)
			}
			if pause := time.Since(before); pause > shortageMost+shortagePause {
				t.Errorf("a pause of %v", pause)
			}
		}
		if took := time.Since(start); took < shortageEnd || took > shortageEnd+2*shortageMost || tries > 300 {
			t.Errorf("it ends after %d tries and %v", tries, took)
		}
	})
}
