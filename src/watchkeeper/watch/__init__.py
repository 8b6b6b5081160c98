"""The running service: the only place where sources, stores, detector, learning and people meet."""
