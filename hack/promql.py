"""Expressions of PromQL that dashboards are made of.

Selectors are written with braces, so that a test finds the metrics and labels in them.
"""

from collections.abc import Mapping


def total(metric: str, labels: str, by: str) -> str:
    """Return the sum of a gauge."""
    return f"sum by ({by}) ({metric}{{{labels}}})"


def rate(metric: str, labels: str, by: str) -> str:
    """Return how often something happens in a second."""
    return f"sum by ({by}) (rate({metric}{{{labels}}}[$__rate_interval]))"


def quantile(share: float, metric: str, labels: str, by: str) -> str:
    """Return what a share of the observations of a histogram does not exceed."""
    rates = rate(f"{metric}_bucket", labels, f"le, {by}")
    return f"histogram_quantile({share}, {rates})"


def durations(metric: str, labels: str) -> Mapping[str, str]:
    """Return what half and nine tenths of the servers of each set do not exceed, by legend."""
    return {
        f"{percent} % of {{{{gsNs}}}}/{{{{gssName}}}}": (
            f"quantile by (gsNs, gssName) ({percent / 100}, {metric}{{{labels}}})"
        )
        for percent in (50, 90)
    }
