"""A desk of any size for measuring: made inside PostgreSQL, with the skew of a real one."""
