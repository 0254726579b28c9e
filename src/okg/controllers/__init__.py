"""The reconcilers of OpenKruiseGame: gather, call ``okg.workload``, act."""
