"""Game servers without OpenKruise: what its StatefulSet controller decides, as pure functions."""
