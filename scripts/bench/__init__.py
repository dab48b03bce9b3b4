"""What `make bench` runs: `python3 -m bench` in `scripts`. Standard library only; see `__main__.py` for the sections."""
