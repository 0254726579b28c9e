"""Networks of JD Cloud."""
