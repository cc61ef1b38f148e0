"""Reads of the desk: home.py, navigation.py, finder.py, filters.py."""
