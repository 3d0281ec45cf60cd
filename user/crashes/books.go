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

// settled is the account as it is when nothing is on its way any more: as soon as it is what is wanted, or after some time in which it stays the same.
func (c *client) settled(want account) (a account) {
	const same = 50 // ticks of the clock
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
