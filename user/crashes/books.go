package main

import (
	"fmt"
	"os"

	"defpager/user/internal/books"
)

// account is what must be the same after each round: all that the machine has, and the names of this task and of the managers'.
type account struct {
	books.Books
	here, there uint64
}

// same reports whether nothing was lost or won.
func (a account) same(was account) bool {
	return a.Same(was.Books) && a.here == was.here && a.there == was.there
}

// differ says what is not what it was.
func (a account) differ(was account) string {
	s := a.Books.Differ(was.Books)
	if a.here != was.here || a.there != was.there {
		s += fmt.Sprintf("; names of the client %d, was %d, of the manager %d, was %d", a.here, was.here, a.there, was.there)
	}
	return s
}

func (c *client) account() account {
	b, err := c.books.Look()
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
	return account{b, names(c.client), c.there}
}

// How long the account must stay the same to count, in ticks of the clock. A write to a disk may take seconds where many machines are emulated at a time: so
// who says that something is lost looks for longer than one that looks again.
const (
	soon  = 50
	after = 1000
)

// settled is the account as it is when nothing is on its way any more: as soon as it is what is wanted, or when it has stayed the same for so long.
func (c *client) settled(want account, same int) (a account) {
	for n := 0; n < same; n++ {
		now := c.account()
		if now.same(want) {
			return now
		}
		if !now.same(a) {
			n = 0
		}
		a = now
		c.client.Sleep(1)
	}
	return a
}
