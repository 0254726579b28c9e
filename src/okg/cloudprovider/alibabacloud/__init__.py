"""Networks of Alibaba Cloud."""
