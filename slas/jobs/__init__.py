"""The jobs of this app (journal.jobs) as people see them."""
