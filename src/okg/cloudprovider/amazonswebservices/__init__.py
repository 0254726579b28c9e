"""Networks of Amazon Web Services."""
