"""A believable service desk to look at: two customers, four teams, twelve services, 90 days of history, an open queue.

    people.py    organisations, people, teams, logins
    services.py  the twelve services
    promises.py  calendars, agreements, targets, escalation steps
    scenes/      what people write to each other, per service, in English and Chinese
    months.py    the 90 days: told after the fact (incidents.history), in bulk and without a mail
    outages.py   when services were down, and when one will be
    today.py     the open queue: lived through the real verbs, with the sweep between them
    seed.py      all of it in one transaction, once

Everything is chosen by one seeded random generator and lies relative to the time of seeding.
"""
