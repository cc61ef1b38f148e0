"""The breach forecast: for a running clock the chance to be met, from the history of clocks like it.

    chances(clocks, now=now) -> {key: Chance}      for a page; no query, from the table in the cache
    refresh_table(now=now)                         learns anew, at most once an hour (beat)
    calibrate_forecast(now=now)                    tries it on the desk's own history and writes down what it is worth

model.py and calibration.py are pure; samples.py reads the history.
"""
