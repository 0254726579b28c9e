"""Probing: what the conditions of pods say of service qualities where no OpenKruise probes.

Everything here is pure: who calls says what time it is and carries out what is decided.
"""
