"""Studies: tasks, splits, tables."""
