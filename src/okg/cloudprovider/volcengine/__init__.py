"""Networks of Volcengine."""
