"""One module a section; each has `measure(scale) -> Section`."""
