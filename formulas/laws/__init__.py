"""The laws, one subject a file; a Law here becomes a function of formulas.compiled by `make generate`."""
