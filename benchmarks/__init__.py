"""How quick this library is beside others and beside what the machine can do; `make bench` runs it."""
