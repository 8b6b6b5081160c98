"""The demo: a year of real flights plays the company's warehouse, and a configuration that a reader learns from."""
