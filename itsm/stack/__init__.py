"""The embedded default: PostgreSQL, Valkey, web, worker and beat under one supervisor, Linux only.

| module          | what it knows                                                                   |
|-----------------|---------------------------------------------------------------------------------|
| `endpoints.py`  | where a VAR folder's sockets and secrets are; pure, read by `itsm/settings.py`  |
| `command.py`    | `manage.py stack`: up, status, stop                                             |
| `supervisor.py` | the order of the start, the watch, the order of the stop                        |
| `part.py`       | one child process: start, end, log file, restart with backoff                   |
| `parent.py`     | nobody outlives the process that started it                                     |
| `orphans.py`    | what a killed run left behind all the same, found by token, never by a bare pid |
| `account.py`    | whom PostgreSQL runs as under root, and the folders it owns                     |
| `postgres.py`   | the PostgreSQL of the wheel: find it, initialise a cluster, command line        |
| `valkey.py`     | the Valkey of the wheel: configuration file, command line                       |
| `programs.py`   | Portico's own processes: web, worker, beat, management commands                 |
| `web.py`        | gunicorn's configuration                                                        |
| `schema.py`     | does the database need migrations?                                              |
| `status.py`     | the lock and the state file: who runs this VAR folder, `status` and `stop`      |

The wheels' own Python layers are not imported: they open trust-authenticated sockets and lose the queue at exit.
"""
