// Command boot is the image: it starts the machine and puts the kernel together.
package main
