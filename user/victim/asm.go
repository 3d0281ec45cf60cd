package main

// Functions of asm_amd64.s: the forbidden instruction that each is named after.

func cli()
func sti()
func hlt()
func in()
func out()
func wrmsr()
func rdmsr()
func readcr3()
func writecr3()
func invlpg()
func wbinvd()
func swapgs()
func sysret()
func divide()
func int3()
func int80()
func int14()
func ud2()
func segment()
func farReturn()
func iret()
func misaligned()
func floatDivide()

func shortReturn(stack uint64)

func load(address uint64)

func store(address uint64)

func callAt(address uint64)

func pushFrom(top uint64)

func argumentsAt(stack uint64) uint32

func setFlags(flags uint64) uint64
