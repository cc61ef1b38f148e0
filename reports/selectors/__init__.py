"""Reads for the service-level dashboard: each function is one grouped query over `reports.filters` conditions."""
