"""Watchkeeper beside what people use: quality, speed and memory in one run, on the same points.

`python -m benchmarks.peers`; a peer is one small file here, listed in `benchmarks/peers/roll.py`.
"""
