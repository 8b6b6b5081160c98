"""Telling people: what is said, how it is drawn, and the channels it goes through."""
