"""The external scaler: tells KEDA over gRPC how many servers a set should have.

``okg.scaler.server`` and ``okg.scaler.messages`` need the extra ``scaler`` of the distribution.
"""
