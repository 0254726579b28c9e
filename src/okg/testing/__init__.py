"""Public test kit: fakes that are verified against the real thing, and the real thing itself."""
