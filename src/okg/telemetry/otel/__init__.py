"""Spans and records by OpenTelemetry. Needs the extra ``otel``; imported only where it is used."""
