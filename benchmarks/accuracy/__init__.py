"""What the engines predict, beside what real servers logged: `make accuracy` writes docs/accuracy.md."""
