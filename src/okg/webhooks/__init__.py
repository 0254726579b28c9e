"""Admission: pods of game servers are changed, sets are checked, before they are stored."""
