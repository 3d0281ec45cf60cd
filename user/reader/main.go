// Command reader is the second task that shares the creator's memory object: the same program as sharer, another task.
package main

import "defpager/user/internal/share"

func main() { share.Main("reader") }
