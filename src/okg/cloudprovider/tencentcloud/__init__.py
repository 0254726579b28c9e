"""Networks of Tencent Cloud."""
