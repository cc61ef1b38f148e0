"""Reads for the agents' pages, one file per screen: the queue, one ticket's page, and the counts beside them."""
