"""Pure decisions of the domain: values in, values out; no cluster, no clock, no threads."""
