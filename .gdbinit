# For make gdb, which attaches gdb to the guest stopped before its first instruction. Until the guest has turned paging on, only hardware
# breakpoints (hbreak) can be set.
set architecture i386:x86-64
set pagination off
set confirm off
set print pretty on
set backtrace past-main off
