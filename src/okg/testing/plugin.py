"""pytest plug-in of the test kit: fixtures for whoever installs okg."""
