"""Incidents from another desk's log: read line by line, replayed incident by incident, written in batches.

log.py         lines of a plain or gzipped CSV file, one record a line, each with what is wrong with it
servicenow.py  the servicenow-log format: columns, dates, states
replay.py      the updates of one incident -> its life (incidents.history.PastIncident) and its oddities
people.py      the people and teams the log names, found or made
services.py    import_log: groups, batches, rejects, the tally
"""
