"""The nouns of Watchkeeper as immutable records, time arithmetic, and the tree of errors. Imports nothing of ours."""
