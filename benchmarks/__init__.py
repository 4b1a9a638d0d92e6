"""How long start-up and answers take; `make bench` prints the table."""
