// Command sharer maps the memory object that it is sent, tells its SHA-256, and writes to it as its creator says.
package main

import "defpager/user/internal/share"

func main() { share.Main("sharer") }
