"""The serving certificate that all replicas share, and the API server's trust in it.

A Secret holds it. Every replica may make, renew and register it; writes are guarded by the version
that was read, so of several that want the same one succeeds.
"""
