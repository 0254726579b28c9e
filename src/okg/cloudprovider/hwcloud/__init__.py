"""Networks of Huawei Cloud."""
