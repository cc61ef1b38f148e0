"""The embedded default: PostgreSQL, Valkey, web, worker and beat under one supervisor, Linux only.

| module          | what it knows                                                                      |
|-----------------|------------------------------------------------------------------------------------|
| `endpoints.py`  | where a VAR folder's sockets and secrets are; pure, read by `itsm/settings.py`     |
| `part.py`       | one child process: start, end, log file, restart with backoff                      |
| `account.py`    | whom PostgreSQL runs as under root, and the folders it owns                        |
| `postgres.py`   | the PostgreSQL of the wheel: find it, initialise a cluster, command line           |
| `valkey.py`     | the Valkey of the wheel: configuration file, command line                          |
| `orphans.py`    | what a killed run left behind, found by token, never by a bare pid                 |
| `status.py`     | the lock and the state file: who runs this VAR folder, `status` and `stop`         |
| `supervisor.py` | the order of the start, the watch, the order of the stop                           |

The wheels' own Python layers are not imported: they open trust-authenticated sockets and lose the queue at exit.
"""
