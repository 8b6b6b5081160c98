"""Where numbers come from: one file per kind of source, each yielding checked Arrow batches of points."""
